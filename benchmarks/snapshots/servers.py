"""Object stores on this machine, each behind the proxy that delays and counts."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.local import free_port, wait_for

KEY, SECRET = "benchmark", "benchmark-secret"


@dataclass(frozen=True)
class Store:
    """A MinIO: `direct` for setting up, `endpoint` through the proxy for what is measured."""

    direct: str
    endpoint: str
    control: str
    pid: int

    def reset(self, *, rtt_ms: float, mbps: float) -> None:
        """Set the link and clear the counters."""
        urllib.request.urlopen(f"{self.control}/reset?rtt={rtt_ms}&mbps={mbps}").close()

    def requests(self) -> dict[str, int]:
        """Return the number of requests since the reset, by kind."""
        with urllib.request.urlopen(f"{self.control}/stats") as answer:
            found: dict[str, int] = json.load(answer)["requests"]
        return found


@contextmanager
def store(minio: Path, proxy: Path, data: Path) -> Iterator[Store]:
    """Start a MinIO and its proxy; both end with the block."""
    ports = [free_port() for _ in range(3)]
    direct, endpoint, control = (f"127.0.0.1:{port}" for port in ports)
    env = {**os.environ, "MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET}
    data.mkdir(parents=True)
    with (data.parent / f"{data.name}.log").open("w") as log:
        server = subprocess.Popen(
            [minio, "server", "--quiet", "--address", direct, data], env=env, stdout=log, stderr=log
        )
        between = subprocess.Popen(
            [proxy, "-listen", endpoint, "-target", direct, "-control", control],
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"http://{direct}/minio/health/ready", 60)
        wait_for(f"http://{control}/stats", 60)
        yield Store(f"http://{direct}", f"http://{endpoint}", f"http://{control}", server.pid)
    finally:
        for process in (between, server):
            process.terminate()
            process.wait()
