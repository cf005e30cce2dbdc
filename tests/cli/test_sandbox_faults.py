"""Faults of the sandbox, as `kled sandbox break` injects them."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.boxes import make_box
from tests.processes import eventually, simulated

NAME = "--name=late.example.com"


def test_nodes_that_had_joined_stay_when_new_ones_never_do(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    created = box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a", "--yes")
    assert created.returncode == 0, created.stderr
    ready = box.kled("kops", "validate-cluster", NAME, "--wait=10m")
    assert ready.returncode == 0, ready.stderr

    box.kled("sandbox", "break", f"--dir={box.directory}", "never-joins")
    still = box.kled("kops", "validate-cluster", NAME)
    assert still.returncode == 0, still.stderr

    box.kled("kops", "scale-instance-group", NAME, "--instance-group=nodes", "--min=2", "--max=2")
    box.kled("kops", "update-cluster", NAME, "--yes")
    more = box.kled("kops", "validate-cluster", NAME)
    assert more.returncode == 3, more.stdout
    assert "has not yet joined cluster" in more.stdout + more.stderr


def test_waiting_for_a_cluster_in_vain_shows_what_is_wrong_and_exits_3(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    assert box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a", "--yes").returncode == 0
    box.kled("sandbox", "break", f"--dir={box.directory}", "not-ready")

    vain = box.kled("kops", "validate-cluster", NAME, "--wait=1s")

    assert vain.returncode == 3
    assert "is not ready" in vain.stdout
    assert re.search(r"^  \d of 2 nodes ready$", vain.stderr, re.MULTILINE)  # fault 59
    assert "kled: gave up after" in vain.stderr


def test_waiting_for_an_api_in_vain_exits_3(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    assert box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a", "--yes").returncode == 0
    box.kled("sandbox", "break", f"--dir={box.directory}", "api-unreachable")

    vain = box.kled("kops", "validate-cluster", NAME, "--wait=1s")

    assert vain.returncode == 3
    assert vain.stdout == ""
    assert "kled: gave up after" in vain.stderr


def test_a_flapping_cluster_that_was_waited_for_is_healthy(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    assert box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a", "--yes").returncode == 0
    box.kled("sandbox", "break", f"--dir={box.directory}", "flapping")

    first = box.kled("kops", "validate-cluster", NAME, "--wait=1m")
    second = box.kled("kops", "validate-cluster", NAME)

    assert first.returncode == 0, first.stderr
    assert second.returncode == 3, second.stderr


def test_a_kops_that_hangs_ends_with_the_kled_that_is_interrupted(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", started=True)
    assert box.kled("kops", "create-cluster", NAME, "--zones=us-east-1a").returncode == 0
    box.kled("sandbox", "break", f"--dir={box.directory}", "hang")
    calls = len(box.calls())
    argv = [sys.executable, "-m", "kled", "kops", "update-cluster", NAME, "--yes"]
    with subprocess.Popen(argv, env=box.env, stderr=subprocess.PIPE, text=True) as running:
        eventually(lambda: len(box.calls()) > calls)

        running.send_signal(signal.SIGINT)

        assert "kled: interrupted" in running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert len(box.calls()) == calls + 1
    assert simulated(box) == []
    box.kled("sandbox", "break", f"--dir={box.directory}", "--clear")
    assert box.kled("kops", "update-cluster", NAME, "--yes", "--lease-wait=0s").returncode == 0
