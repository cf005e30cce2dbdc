"""A mirror on loopback that behaves as badly as a test asks."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[["Handler", bytes], None]


@dataclass
class Asked:
    path: str
    range: str | None
    if_range: str | None
    authorization: str | None


@dataclass
class Mirror:
    """Files by path; `faults` are answers used up one by one, the file itself comes after them."""

    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def publish(self, version: str, body: bytes, *, platform: str = "linux-amd64") -> str:
        """Publish in the layout of GitHub; return the path of the executable."""
        path = f"/releases/download/v{version}/kops-{platform}"
        self.files[path] = body
        self.files[f"{path}.sha256"] = f"{sha256(body).hexdigest()}\n".encode()
        return path

    def paths(self, ending: str = "") -> list[str]:
        return [one.path for one in self.asked if one.path.endswith(ending)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        mirror: Mirror = self.server.mirror
        get = self.headers.get
        mirror.asked.append(Asked(self.path, get("Range"), get("If-Range"), get("Authorization")))
        path = self.path.partition("?")[0]
        if mirror.faults.get(path):
            mirror.faults[path].pop(0)(self, mirror.files.get(path, b""))
        elif path in mirror.redirects:
            self.answer(302, b"", {"Location": mirror.redirects[path]})
        elif path in mirror.files:
            self.serve(mirror.files[path])
        else:
            self.answer(404, b"Not Found")

    def serve(self, body: bytes, *, etag: str | None = None) -> None:
        """Answer as a well-behaved server, ranges included."""
        tag = etag or f'"{sha256(body).hexdigest()[:16]}"'
        wanted = self.headers.get("Range")
        if wanted is None or self.headers.get("If-Range", tag) != tag:
            self.answer(200, body, {"ETag": tag})
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(body):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            return
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.answer(206, body[start:], {"Content-Range": span, "ETag": tag})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.begin(status, len(body), headers)
        self.wfile.write(body)

    def begin(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


def status(code: int) -> Fault:
    return lambda handler, body: handler.answer(code, b"no")


def page(text: str) -> Fault:
    return lambda handler, body: handler.answer(200, text.encode())


def whole(handler: Handler, body: bytes) -> None:
    """Ignore Range."""
    handler.answer(200, body, {"ETag": '"whole"'})


def breaks_off(after: int, *, etag: str | None = None) -> Fault:
    """Promise all, send `after` bytes of what was asked for, and close."""

    def fault(handler: Handler, body: bytes) -> None:
        wanted = handler.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        headers = {"ETag": etag or f'"{sha256(body).hexdigest()[:16]}"'}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        handler.begin(206 if wanted else 200, len(body) - start, headers)
        handler.wfile.write(body[start : start + after])
        handler.wfile.flush()
        handler.close_connection = True

    return fault


def stalls(after: int, seconds: float) -> Fault:
    """Send `after` bytes, then nothing for a while."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.begin(200, len(body), {"ETag": f'"{sha256(body).hexdigest()[:16]}"'})
        handler.wfile.write(body[:after])
        handler.wfile.flush()
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def short_part(handler: Handler, body: bytes) -> None:
    """Answer a range with less than was asked for, and say so."""
    span = f"bytes 100000-199999/{len(body)}"
    handler.answer(206, body[100_000:200_000], {"Content-Range": span})


def wrong_part(handler: Handler, body: bytes) -> None:
    """Answer a range with another one."""
    handler.answer(206, body[1:], {"Content-Range": f"bytes 1-{len(body) - 1}/{len(body)}"})


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running() -> Iterator[Mirror]:
    server = Server(("127.0.0.1", 0), Handler)
    mirror = Mirror(f"http://127.0.0.1:{server.server_port}")
    server.mirror = mirror  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def kops_program(version: str, *, size: int = 400_000) -> bytes:
    """Return a real executable that says its version, padded to `size` with uneven bytes."""
    head = f"#!/bin/sh\necho 'Client version: {version}'\nexit 0\n".encode()
    lines = b"".join(b"# %d\n" % number for number in range(size // 6))
    return (head + lines)[:size]
