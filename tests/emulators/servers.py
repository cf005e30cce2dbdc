"""Running the emulators, each on a port of its own, with nothing kept."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.emulators.builds import BUILDS

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = "KLED_TEST_REQUIRED_EMULATORS"
"""Names of those whose absence is a failure, not a reason to skip."""
AZURE_ACCOUNT = "kledtest"
AZURE_KEY = base64.b64encode(b"the key of the tests").decode()
_READY_SECONDS = 120.0


def command(name: str) -> str:
    """The executable; where there is none the test is skipped, or fails if it must run."""
    build = BUILDS[name]
    if not build.command.exists():
        reason = f"no {name} {build.version}: make emulators"
        if name in os.environ.get(REQUIRED, "").split():
            pytest.fail(reason)
        pytest.skip(reason)
    return str(build.command)


@contextmanager
def minio(*, encrypts: bool = False) -> Iterator[str]:
    """An S3 that answers many requests at once, keeps its conditions, and may have a key."""
    keys = {"MINIO_ROOT_USER": "testing", "MINIO_ROOT_PASSWORD": "testing-secret"}
    if encrypts:
        keys["MINIO_KMS_SECRET_KEY"] = f"tests:{base64.b64encode(bytes(32)).decode()}"
    with tempfile.TemporaryDirectory() as data, free_port() as port:
        argv = [command("minio"), "server", data, "--address", f"127.0.0.1:{port}", "--quiet"]
        with _running(argv, f"http://127.0.0.1:{port}", "/minio/health/ready", keys) as url:
            yield url


@contextmanager
def fake_gcs_server() -> Iterator[str]:
    with free_port() as port:
        here = f"127.0.0.1:{port}"
        argv = [command("fake-gcs-server"), "-scheme", "http", "-host", "127.0.0.1"]
        argv += ["-port", str(port), "-backend", "memory", "-log-level", "error"]
        argv += ["-public-host", here, "-external-url", f"http://{here}"]
        with _running(argv, f"http://{here}", "/storage/v1/b?project=p", {}) as url:
            yield url


@contextmanager
def azurite() -> Iterator[str]:
    with free_port() as port:
        argv = [command("azurite"), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
        argv += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        argv += ["--inMemoryPersistence"]
        accounts = {"AZURITE_ACCOUNTS": f"{AZURE_ACCOUNT}:{AZURE_KEY}"}
        account = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
        with _running(argv, account, "?comp=list", accounts) as url:
            yield url


@contextmanager
def free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield port


@contextmanager
def _running(argv: list[str], url: str, ready: str, keys: dict[str, str]) -> Iterator[str]:
    quiet = subprocess.DEVNULL
    env = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), **keys}
    with subprocess.Popen(argv, stdout=quiet, stderr=quiet, env=env) as server:
        try:
            _wait(server, url + ready)
            yield url
        finally:
            server.kill()


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while time.monotonic() < ends:
        assert server.poll() is None, f"the server of {url} ended"
        try:
            if httpx.get(url, timeout=5).status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
