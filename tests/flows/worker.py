"""A process worker beside the server of the flow tests."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from prefect.settings import PREFECT_API_URL

from deployments import catalog
from deployments.catalog import CatalogEntry
from tests.boxes import Box


def environment(box: Box) -> dict[str, str]:
    """Return the sandbox's variables and the server's address."""
    url = PREFECT_API_URL.value()
    assert url
    return os.environ | box.env | {"PREFECT_API_URL": url, "PREFECT_WORKER_QUERY_SECONDS": "1"}


def unscheduled() -> tuple[CatalogEntry, ...]:
    """Return prefect.yaml's deployments without schedules: no run begins that a test did not."""
    return tuple(replace(entry, schedules=()) for entry in catalog.load(catalog.path()))


@contextmanager
def at_work(
    box: Box, pool: str, cwd: Path, says: Path = Path(os.devnull)
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a worker of `pool` that has the sandbox's variables; it ends with the block.

    It may have ended before. Runs are in sessions of their own. What it writes goes to `says`.
    """
    command = [sys.executable, "-m", "prefect", "worker", "start", f"--pool={pool}"]
    with says.open("ab") as words:
        process = subprocess.Popen(
            command,
            env=environment(box),
            cwd=cwd,
            start_new_session=True,
            stdout=words,
            stderr=words,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
