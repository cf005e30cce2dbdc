"""A line on which one byte of what is sent gets damaged."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT, ARRIVES = b"intact", b"intaCt"
"""A body that holds the one arrives with the other."""


@contextmanager
def damaging(endpoint: str) -> Iterator[str]:
    """Yield a URL that leads to `endpoint`."""
    there = urlsplit(endpoint)
    assert there.hostname
    assert there.port
    with _Line(("127.0.0.1", 0), _Connection) as line:
        line.target = (there.hostname, there.port)
        threading.Thread(target=line.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{line.server_address[1]}{there.path}"
        finally:
            line.shutdown()


class _Line(socketserver.ThreadingTCPServer):
    daemon_threads = True
    target: tuple[str, int]


class _Connection(socketserver.BaseRequestHandler):
    server: _Line
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as there:
            back = threading.Thread(target=_relay, args=(there, self.request, False))
            back.start()
            _relay(self.request, there, damages=True)
            back.join()


def _relay(source: socket.socket, target: socket.socket, damages: bool) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 20):
            target.sendall(data.replace(SENT, ARRIVES) if damages else data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
