"""A Prefect server with its pages, and a worker, that have nothing but a sandbox to change."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kled.sandbox import control
from tasks.running.environment import prepare

SHOT = os.environ.get("KLED_TEST_SCREENSHOTS")
"""The directory that the pictures go to; without it they go to the test's own."""
PYTHON = sys.executable


@dataclass(frozen=True)
class Place:
    """A sandbox with a server and a worker beside it."""

    address: str
    env: Mapping[str, str]
    box: Path
    pictures: Path

    def run(self, *words: str) -> str:
        """Run kled to its good end; return what it said to a person."""
        done = subprocess.run(
            [PYTHON, "-m", "kled", *words],
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Yield a place whose deployments are there and whose worker waits for runs."""
    port = _free_port()
    box = _box(tmp_path)
    env = _environment(box, port)
    with _process(env, tmp_path, "server", "server", "start"):
        _wait_for(f"http://127.0.0.1:{port}/api/health")
        made = Place(f"http://127.0.0.1:{port}", env, box, Path(SHOT) if SHOT else tmp_path)
        made.run("deploy")
        _let_schedules_sleep(made.address)
        with _process(env, tmp_path, "worker", "worker", "start", "--pool=kled", "--name=worker-1"):
            yield made
    control.stop(box)
    shutil.rmtree(box, ignore_errors=True)  # what the test itself has put there


def _let_schedules_sleep(address: str) -> None:
    """No run begins that a test did not: it would take part in what a page shows, and in faults."""
    found = httpx.post(f"{address}/api/deployments/filter", json={}).raise_for_status().json()
    for deployment in found:
        for one in deployment["schedules"]:
            where = f"{address}/api/deployments/{deployment['id']}/schedules/{one['id']}"
            httpx.patch(where, json={"active": False}).raise_for_status()


def _box(scratch: Path) -> Path:
    """Make a sandbox; for a picture in a place with a name that a reader may see."""
    box = Path("/tmp/box") if SHOT else scratch / "box"
    assert not box.exists(), f"{box} is in the way: kled sandbox stop --dir={box}"
    control.start(box, speed=60)
    return box


def _environment(box: Path, port: int) -> dict[str, str]:
    path = os.pathsep.join((str(Path(PYTHON).parent), os.environ.get("PATH", os.defpath)))
    env = control.environment(box, path=path)
    env |= {
        "LOGNAME": "ada",  # who is named in the pictures
        "PREFECT_HOME": str(box / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    prepare(env)
    return env


@contextmanager
def _process(env: Mapping[str, str], scratch: Path, name: str, *words: str) -> Iterator[None]:
    cwd = scratch / name
    cwd.mkdir()
    with (scratch / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            [PYTHON, "-m", "prefect", *words],
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(url: str) -> None:
    give_up = time.monotonic() + 180
    while True:
        try:
            httpx.get(url, timeout=5).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < give_up, f"no answer from {url}"
            time.sleep(0.3)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def chromium() -> None:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("chromium is not installed")
