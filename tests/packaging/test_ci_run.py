"""`.ci/run` with suites that do nothing: what it says at the end, and what it leaves out."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = ("bash", "env", "dirname", "mktemp", "sed", "tee", "rm", "id")
SUITES: Final = (
    "install",
    "lint, types",
    "make test",
    "slow suites",
    "object stores",
    "benchmarks",
    "a real Kubernetes",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose `make` and python say what they were asked, and fail where told to."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or "")
    fake = '#!/bin/bash\necho "asked: ${0##*/} $*"\n[[ "$*" != *"${FAILS:-nothing}"* ]]\n'
    for place in (programs / "make", programs / "go", tmp_path / ".venv" / "bin" / "python"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(fake)
        place.chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    return tmp_path


def run(checkout: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(checkout / "bin"), "TMPDIR": str(checkout), **more}
    return subprocess.run(
        [checkout / ".ci" / "run"], env=env, capture_output=True, text=True, check=False
    )


def test_each_suite_has_its_time_and_what_is_left_out_its_reason(checkout: Path) -> None:
    done = run(checkout)

    assert done.returncode == 0, done.stdout + done.stderr
    times = done.stdout.partition("== times\n")[2]
    assert [times.index(suite) for suite in SUITES] == sorted(times.index(one) for one in SUITES)
    assert "s  slow suites\n" in times
    assert "skipped: kops: KLED_TEST_KOPS names no real kops\n" in times
    assert "skipped: azurite: there is no npm\n" in times
    assert times.splitlines()[-1] == "green after 0 minutes"
    assert done.stderr == ""
    assert not list(checkout.glob("tmp.*"))


@pytest.mark.parametrize(
    ("fails", "named", "not_asked"),
    [
        ("lint", "lint, types, directions between rooms", "make test\n"),
        ("not emulators", "slow suites", "test-emulators"),
        ("test-emulators", "object stores", "bench-small"),
        ("bench-small", "benchmarks, each once", "test-kubernetes"),
        ("test-kubernetes", "a real Kubernetes", "test-kops"),
    ],
)
def test_the_suite_that_failed_ends_it_and_stands_on_the_last_line(
    checkout: Path, fails: str, named: str, not_asked: str
) -> None:
    done = run(checkout, FAILS=fails)

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"FAILED: {named}"
    assert f"s  {named}\n" in done.stdout
    assert f"asked: make {not_asked}" not in done.stdout


def test_what_can_wait_does_not_start_late_and_is_named(checkout: Path) -> None:
    done = run(checkout, CI_MINUTES="0", KLED_TEST_KOPS="/kops")

    assert done.returncode == 0, done.stdout + done.stderr
    asked = [line for line in done.stdout.splitlines() if line.startswith("asked: ")]
    assert asked == ["asked: make install", "asked: make lint", "asked: make test"]
    for suite in (
        "slow suites",
        "object stores",
        "real kops",
        "benchmarks, each once",
        "a real Kubernetes",
    ):
        assert f"skipped: {suite}: it would have started after 0 minutes\n" in done.stdout


def test_it_can_be_run(checkout: Path) -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
