"""SIGKILL at every change of the disk: the kops in use stays usable, the next run completes."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kled.install.locate import locate
from tests.unit.install.conftest import Install
from tests.unit.install.mirror import Mirror, kops_program, stalls

OLD, NEW = kops_program("1.35.1", size=20_000), kops_program("1.36.2", size=150_000)
Installer = Callable[[Path, int], str]


@pytest.fixture
def child() -> Iterator["subprocess.Popen[str]"]:
    program = [sys.executable, "-m", "tests.unit.install.crash_child"]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as found:
        yield found
        if found.poll() is None:
            assert found.stdin is not None
            found.stdin.close()


@pytest.fixture
def run(child: "subprocess.Popen[str]", mirror: Mirror) -> Installer:
    def once(home: Path, kill_at: int) -> str:
        _order(child, mirror, home, kill_at)
        assert child.stdout is not None
        return child.stdout.readline().strip()

    return once


def _order(child: "subprocess.Popen[str]", mirror: Mirror, home: Path, kill_at: int) -> None:
    order = {"home": str(home), "base": mirror.base, "version": "1.36.2", "kill_at": kill_at}
    assert child.stdin is not None
    child.stdin.write(json.dumps(order) + "\n")
    child.stdin.flush()


def _says(home: Path) -> str:
    program = locate(explicit=None, home=home, search_path="").path
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("Client version: ")


def _tree(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*")}


def _check_usable(home: Path) -> None:
    assert _says(home) in {"1.35.1", "1.36.2"}
    for path in [home / "kops" / "1.36.2" / "kops", *(home / "kops" / ".partial").glob("*")]:
        if path.exists() and os.stat(path).st_mode & 0o111:  # noqa: PTH116 - mode as the kernel's
            assert path.read_bytes() == NEW, f"{path} can be run but is not whole"


def test_killed_before_any_change_the_old_kops_works_and_the_next_run_completes(
    mirror: Mirror, do_install: Install, home: Path, tmp_path: Path, run: Installer
) -> None:
    mirror.publish("1.35.1", OLD)
    mirror.publish("1.36.2", NEW)
    do_install("1.35.1")
    undisturbed: set[str] = set()
    for kill_at in range(1, 200):
        fresh = tmp_path / str(kill_at)
        shutil.copytree(home, fresh, symlinks=True)

        ending = run(fresh, kill_at)

        _check_usable(fresh)
        if ending == "done":
            undisturbed = _tree(fresh)
            break
        assert ending == "killed"
    assert kill_at > 20

    for point in range(1, kill_at):
        killed = tmp_path / str(point)
        assert run(killed, 0) == "done"
        assert _says(killed) == "1.36.2"
        assert _tree(killed) == undisturbed


def test_whoever_waits_goes_on_when_the_holder_is_killed(
    mirror: Mirror, do_install: Install, home: Path, child: "subprocess.Popen[str]"
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [stalls(70_000, 20)]
    _order(child, mirror, home, 0)
    _wait_until(lambda: path in mirror.paths())
    _wait_until(lambda: any(one.stat().st_size for one in home.glob("kops/.partial/kops-1.36.2")))
    found: list[str] = []
    waiter = threading.Thread(target=lambda: found.append(do_install().outcome))
    waiter.start()
    _wait_until(lambda: len(mirror.asked) == 2)  # the waiter asks nothing before its turn

    _kill_fork(child.pid)
    waiter.join(10)

    assert found == ["installed"]
    assert [one.range for one in mirror.asked if one.path == path] == [None, "bytes=70000-"]


def _kill_fork(parent: int) -> None:
    for task in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        os.kill(int(task), 9)


def _wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)
