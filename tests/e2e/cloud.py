"""A whole cloud on this machine for the real kops: AWS (moto), release hosts, Kubernetes APIs.

`with real_cloud(directory) as cloud:` gives `cloud.env`, the complete environment of a child
process (kops or kled): it leads every address that kops uses to loopback and nothing to the world.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tests.e2e.internet import Clusters, Internet, ReleaseHandler
from tests.e2e.kubernetes_api import ApiServer, KubernetesApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socketserver import BaseServer

BUCKET = "kled-e2e"
REGION = "us-east-1"
MOTO = Path(__file__).with_name("moto_patched.py")
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RealCloud:
    """The running cloud: what a child process needs to know and what a test may break."""

    env: dict[str, str]
    endpoint: str
    bucket: str
    home: Path
    api: KubernetesApi
    api_server: ApiServer
    internet: Internet

    @property
    def state_store(self) -> str:
        """The value of KOPS_STATE_STORE."""
        return f"s3://{self.bucket}"

    def client(self, service: Any) -> Any:
        """A boto3 client of this cloud."""
        return aws_client(service, self.endpoint)


def aws_client(service: Any, endpoint: str) -> Any:
    """A boto3 client that takes nothing from the environment."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """A patched moto in a process of its own, ended with the block; yields its endpoint."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        # a killed test run must not leave a server behind
        bound = ["setpriv", "--pdeathsig", "KILL", sys.executable, str(MOTO), str(port)]
        process = subprocess.Popen(bound, stdout=out, stderr=out)
    try:
        _wait_until_up(("127.0.0.1", port), process, log)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def _wait_until_up(address: tuple[str, int], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(address, timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"moto did not start: {log.read_text()[-2000:]}")


@contextlib.contextmanager
def _serving(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def real_cloud(directory: Path) -> Iterator[RealCloud]:
    """Start every server on a free port of loopback; all end with the block."""
    home = directory / "home"
    home.mkdir()
    with moto_server(directory / "moto.log") as endpoint, contextlib.ExitStack() as servers:
        clients = {name: aws_client(name, endpoint) for name in ("ec2", "elbv2", "s3")}
        clients["s3"].create_bucket(Bucket=BUCKET)
        api = KubernetesApi(clients["ec2"])
        api_server = ApiServer(api)
        internet = Internet(api, Clusters(clients, BUCKET, directory), directory)
        releases = ThreadingHTTPServer(("127.0.0.1", 0), ReleaseHandler)
        for server in (api_server, internet, releases):
            servers.enter_context(_serving(server))
        env = _environment(endpoint, home, internet, releases.server_port)
        yield RealCloud(env, endpoint, BUCKET, home, api, api_server, internet)


def _environment(endpoint: str, home: Path, internet: Internet, releases: int) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "S3_ENDPOINT": endpoint,
        "S3_REGION": REGION,
        "S3_ACCESS_KEY_ID": "testing",
        "S3_SECRET_ACCESS_KEY": "testing",
        "KOPS_STATE_STORE": f"s3://{BUCKET}",
        "KOPS_BASE_URL": f"http://127.0.0.1:{releases}/kops/1.36.2",
        "HTTPS_PROXY": internet.proxy_url,
        "NO_PROXY": "127.0.0.1,localhost",
        "SSL_CERT_FILE": str(internet.trust),
    }
