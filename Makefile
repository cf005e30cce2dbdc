# What a newcomer types: make demo, make test. Everything else is for those who change kled.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Prefect is five times dearer to import without byte code.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo test lint lock pictures bench bench-small bench-snapshots bench-sizes test-slow test-kops emulators test-emulators kubernetes test-kubernetes coverage clean

help: ## show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(STAMP) ## build .venv with kled in .venv/bin

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("kled needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	@echo "building $(VENV): about a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: install ## watch a flow create a cluster in the sandbox (nothing real is touched)
	@$(BIN)/kled demo

test: install ## the tests that belong before every commit: some minutes
	$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadscope -m "not slow and not browser and not kops and not emulators and not kubernetes"

test-slow: install ## the slow suites: kill tests, real Prefect server and worker, browser
	$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadscope -m "(slow or browser) and not emulators and not kubernetes"

emulators: install ## object stores for the tests: MinIO, fake-gcs-server, Azurite; cached by version
	$(BIN)/python -m tests.emulators

test-emulators: emulators ## what is promised of object stores, held against the emulators that could be built
	$(BIN)/python -m pytest -q -rs -m emulators

kubernetes: install ## a real control plane for the tests, from Go modules; the first build takes ten minutes of processor time
	$(BIN)/python -m tests.emulators control-plane

test-kubernetes: kubernetes ## drains, budgets, server-side apply and etcd's leases, on a real control plane
	$(BIN)/python -m pytest -q -rs -m kubernetes

test-kops: install ## the same contracts with a real kops: KLED_TEST_KOPS=/path/to/kops
	@test -n "$$KLED_TEST_KOPS" || { echo "set KLED_TEST_KOPS=/path/to/kops"; exit 2; }
	$(BIN)/python -m pytest -q -m kops

coverage: install ## branches covered by the tests: 95 % overall, 100 % for errors, models and kops
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -m "not browser and not kops and not emulators and not kubernetes"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --ignore-errors
	$(BIN)/coverage report --fail-under=100 --include='kled/errors.py,kled/models/*,kled/kops/*,kled/install/*'

lint: install ## format, lint, types, directions between rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pictures: install ## take the pictures in docs/pictures anew (needs chromium and pngquant)
	KLED_TEST_SCREENSHOTS=docs/pictures $(BIN)/python -m pytest -q -m browser
	pngquant --force --skip-if-larger --ext .png docs/pictures/*.png

bench: install ## overhead and speed, as ratios against bare kops in the same run
	$(BIN)/python -m benchmarks
	@$(MAKE) --no-print-directory bench-snapshots

bench-small: emulators ## each benchmark once with a tiny fleet: that they run, not how fast
	$(BIN)/python -m benchmarks --small
	$(BIN)/python -m benchmarks.snapshots --small
	$(BIN)/python -m benchmarks.snapshots.sizes --small

bench-snapshots: emulators ## snapshots against rclone, through a proxy that delays and counts: half an hour; ARGS="--restic --aws" adds these
	$(BIN)/python -m benchmarks.snapshots $(ARGS)

bench-sizes: emulators ## cost against the size of a fleet, 10 to 400 clusters, drawn in docs/pictures: half an hour
	$(BIN)/python -m benchmarks.snapshots.sizes --draw docs/pictures/cost-by-fleet.svg $(ARGS)

lock: ## resolve the locks anew (no index host is written)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove what is built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
