"""A server that takes connections and never answers, or stops in the middle of a body."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HALF = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nETag: "tag"\r\nx-goog-generation: 1\r\n'
    b"Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT\r\nContent-Type: application/xml\r\n"
    b"x-goog-hash: crc32c=AAAAAA==\r\nx-ms-blob-type: BlockBlob\r\n\r\n<"
)


class _Server:
    def __init__(self, listening: socket.socket, said: bytes, then: bytes, each: float) -> None:
        self._listening = listening
        self._said, self._then, self._each = said, then, each
        self._connections: list[socket.socket] = []
        self._over = threading.Event()

    def accept(self) -> None:
        with suppress(OSError):  # it is closed at the end
            while True:
                connection, _ = self._listening.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        for one in self._connections:
            one.close()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # whoever asked has gone
            while connection.recv(1 << 16):
                connection.sendall(self._said)
                while self._then and not self._over.wait(self._each):
                    connection.sendall(self._then)


@contextmanager
def hanging(said: bytes = b"", *, then: bytes = b"", each: float = 60) -> Iterator[str]:
    """Yield the URL of a server that answers each request with `said`, and then is silent.

    Or it sends `then`, again and again, `each` so many seconds.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        server = _Server(listening, said, then, each)
        threading.Thread(target=server.accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.close()
