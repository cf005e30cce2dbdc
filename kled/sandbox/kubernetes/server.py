"""The HTTPS API of a sandbox's clusters: `python -m kled.sandbox.kubernetes.server SANDBOX`.

One process for one cluster, started by the simulated kops (`process`). On stdin it is told, as one
JSON document, the cluster, the region and the cluster's CA with its key. It answers those who have
a certificate of that CA, and ends when nobody has asked for a while, or its sandbox is gone.
"""

import json
import os
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any, Final

from kled.sandbox import clock
from kled.sandbox.cloud import instances
from kled.sandbox.cloud.account import Cloud
from kled.sandbox.context import Context
from kled.sandbox.kubernetes import answers, objects
from kled.sandbox.store.certificates import issue_server
from kled.sandbox.store.open_store import LazyStore

IDLE: Final = "api-idle"
"""The sandbox's setting: seconds without a request until the process ends."""
_IDLE_SECONDS: Final = 1800.0
_LOOK_EVERY: Final = 0.5


class Api(ThreadingHTTPServer):
    """The API of one cluster."""

    daemon_threads = True

    def __init__(self, port: int, ctx: Context, cloud: Cloud, cluster: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.ctx, self.cloud, self.cluster = ctx, cloud, cluster
        self.tls: ssl.SSLContext | None = None
        self.asked = time.monotonic()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Shake hands in the request's own thread, so that a slow client holds up nobody."""
        if self.tls is None:
            return
        try:
            with self.tls.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)
        except (ssl.SSLError, OSError):
            return  # no client of this cluster

    def answer(self, method: str, target: str, content_type: str, body: bytes) -> answers.Answer:
        """Answer one request in one save."""
        with objects.edit(self.ctx, self.cloud, self.cluster) as world:
            return answers.answer(world, method, target, content_type, body)


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP; hangs up while the cluster's API would not answer."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    server: Api

    def _reply(self) -> None:
        self.server.asked = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not instances.api_answers(self.server.ctx, self.server.cloud, self.server.cluster):
            self.close_connection = True
            return
        if not self.connection.getpeercert():
            status, document = answers.failure(401, "Unauthorized")
        else:
            kind = self.headers.get("Content-Type") or ""
            status, document = self.server.answer(self.command, self.path, kind, body)
        payload = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _reply  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(sandbox: Path, told: Mapping[str, str]) -> None:
    """Serve until nobody asks any more; says the port on stdout when it listens."""
    ctx = Context(
        env={},
        stdin=StringIO(),
        stdout=StringIO(),
        stderr=StringIO(),
        now=lambda: datetime.now(UTC),
        sleep=time.sleep,
        sandbox=sandbox,
        store=LazyStore({}, lambda *_: None, after_write=lambda: None),
    )
    cloud = Cloud(sandbox, told["region"])
    try:
        api = Api(int(told["port"]), ctx, cloud, told["cluster"])
    except OSError:  # another took the port meanwhile: whoever exports again learns the new one
        api = Api(0, ctx, cloud, told["cluster"])
    api.tls = _tls(told)
    threading.Thread(target=api.serve_forever, args=(0.1,), daemon=True).start()
    _say(api.server_port)
    settings = sandbox / clock.SETTINGS
    idle = float(json.loads(settings.read_text()).get(IDLE, _IDLE_SECONDS))
    while settings.exists() and time.monotonic() - api.asked < idle:
        time.sleep(_LOOK_EVERY)


def _say(port: int) -> None:
    """Tell the port, and hold no stream of whoever started it any longer."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _tls(told: Mapping[str, str]) -> ssl.SSLContext:
    """Present a certificate of the cluster's CA, and ask clients for one."""
    names = (f"api.internal.{told['cluster']}", f"api.{told['cluster']}", "localhost")
    issued = issue_server(
        told["authority"].encode(), told["authority_key"].encode(), names, datetime.now(UTC)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:  # 0600, and gone when it was read
        file.write(issued.certificate + issued.key)
        file.flush()
        context.load_cert_chain(file.name)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=told["authorities"])
    return context


if __name__ == "__main__":
    serve(Path(sys.argv[1]), json.load(sys.stdin))
