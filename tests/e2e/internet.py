"""The internet as kops and its users see it: an HTTPS proxy that leads every name to this machine.

`HTTPS_PROXY` set to `Internet.proxy_url` makes kops find the release hosts (channel, hashes) and
each cluster's own API under the address of its load balancer, with a certificate of the cluster's
own authority and a check of client certificates. Any other name is refused at once.
"""

from __future__ import annotations

import hashlib
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.e2e.certificates import Authority, kops_authority, new_authority, server_context
from tests.e2e.kubernetes_api import Answer, JsonHandler, KubernetesApi, failure

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

RELEASE_HOSTS = frozenset(
    {
        "artifacts.k8s.io",
        "dl.k8s.io",
        "github.com",
        "raw.githubusercontent.com",
    }
)
KUBERNETES = "1.36.0"
IMAGE = "099720109477/ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-amd64-server-20170721"
CHANNEL = f"""\
spec:
  images:
    - name: {IMAGE}
      providerID: aws
      architectureID: amd64
      kubernetesVersion: ">=1.25.0"
  kubernetesVersions:
    - range: ">=1.36.0"
      recommendedVersion: {KUBERNETES}
      requiredVersion: {KUBERNETES}
  kopsVersions:
    - range: ">=1.36.0"
      recommendedVersion: 1.36.2
      requiredVersion: 1.36.0
      kubernetesVersion: {KUBERNETES}
"""


def release_file(path: str) -> bytes | None:
    """What a release host has at `path`: channels, the newest version and hashes of any file."""
    if path.endswith("/channels/stable"):
        return CHANNEL.encode()
    if path.endswith("/stable.txt"):
        return f"v{KUBERNETES}".encode()
    if path.endswith(".sha256"):
        return hashlib.sha256(path.removesuffix(".sha256").encode()).hexdigest().encode()
    return None


class ReleaseHandler(BaseHTTPRequestHandler):
    """Serves `release_file`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = release_file(self.path)
        body = content or b"not found\n"
        self.send_response(HTTPStatus.OK if content else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class Clusters:
    """Which cluster answers at a host name, and with which certificate."""

    def __init__(self, clients: dict[str, Any], bucket: str, directory: Path) -> None:
        self._clients = clients
        self._bucket = bucket
        self._directory = directory

    def at(self, host: str) -> str | None:
        """The cluster whose load balancer has this name; None where there is none."""
        balancers = self._clients["elbv2"].describe_load_balancers()["LoadBalancers"]
        arns = [b["LoadBalancerArn"] for b in balancers if b["DNSName"] == host]
        if not arns:
            return None
        (tagged,) = self._clients["elbv2"].describe_tags(ResourceArns=arns)["TagDescriptions"]
        tags = {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}
        return tags.get("KubernetesCluster")

    def context(self, cluster: str) -> ssl.SSLContext:
        """TLS as the cluster's API servers speak it, from the keyset in the state store."""
        key = f"{cluster}/pki/private/kubernetes-ca/keyset.yaml"
        keyset = self._clients["s3"].get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return server_context(kops_authority(keyset), f"api.internal.{cluster}", self._directory)


class Internet(ThreadingHTTPServer):
    """The proxy. `trust` is the file for SSL_CERT_FILE; `refused` the names it did not know."""

    daemon_threads = True

    def __init__(self, api: KubernetesApi, clusters: Clusters, directory: Path) -> None:
        self.api = api
        self.clusters = clusters
        self.refused: list[str] = []
        self._directory = directory
        self._authority: Authority = new_authority()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.trust = directory / "trust.pem"
        self.trust.write_text(self._authority.pem)
        super().__init__(("127.0.0.1", 0), ProxyHandler)

    @property
    def proxy_url(self) -> str:
        """The value of HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.server_port}"

    def release_context(self, host: str) -> ssl.SSLContext:
        """TLS for a release host, made once."""
        with self._lock:
            if host not in self._contexts:
                self._contexts[host] = server_context(self._authority, host, self._directory)
            return self._contexts[host]


class ProxyHandler(BaseHTTPRequestHandler):
    """Answers CONNECT and then speaks for the host that was asked for, on the same connection."""

    server: Internet

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        self.close_connection = True
        if host in RELEASE_HOSTS:
            self._speak(self.server.release_context(host), ReleaseHandler)
            return
        cluster = self.server.clusters.at(host)
        if cluster is None or not self._up(cluster):
            self.server.refused.append(host)
            self.send_error(HTTPStatus.BAD_GATEWAY, "no such host")
            return
        self._speak(self.server.clusters.context(cluster), ClusterHandler, cluster)

    def _up(self, cluster: str) -> bool:
        objects = self.server.api.cluster(cluster)
        return not objects.faults.unreachable and objects.has_control_plane()

    def _speak(self, context: ssl.SSLContext, handler: Any, *names: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        with context.wrap_socket(self.connection, server_side=True) as secure:
            handler(secure, self.client_address, self.server, *names)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class ClusterHandler(JsonHandler):
    """A cluster's API behind TLS: whoever shows no certificate of the cluster's CA is refused."""

    server: Internet

    def __init__(self, connection: Any, address: Any, server: Internet, cluster: str) -> None:
        self._cluster = cluster
        super().__init__(connection, address, server)

    def respond(self, method: str, target: str, body: bytes) -> Answer | None:
        """Hang up where the cluster went away meanwhile."""
        if self.server.api.cluster(self._cluster).faults.unreachable:
            return None
        if not self.connection.getpeercert():
            return failure(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        return self.server.api.answer(self._cluster, method, target, body)
