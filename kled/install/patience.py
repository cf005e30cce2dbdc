"""An end for an answer that never comes whole.

Time-outs of a socket count from one byte to the next: who sends a byte now and then is waited for
without an end. Here the connection itself is shut when the time is over.
"""

import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Self

_CONNECTED: Final = "connection.connect_tcp.complete"


class ConnectionDeadline:
    """Shuts the connections that are opened under it when its seconds are over.

    An httpx `trace` extension: httpcore calls it at each event. `over` says whether it happened.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.over = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.lift()
        with self._lock:
            for sock in self._sockets:
                sock.close()

    def __call__(self, event: str, details: Mapping[str, Any]) -> None:
        """Take note of a connection; a descriptor of our own stays good when TLS takes it over."""
        if event != _CONNECTED:
            return
        opened = details["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets.append(socket.socket(fileno=os.dup(opened.fileno())))
        if self.over:
            self._shut()

    def lift(self) -> None:
        """Wait as long as it takes from here on."""
        self._timer.cancel()

    def _shut(self) -> None:
        self.over = True
        with self._lock:
            for sock in self._sockets:
                with suppress(OSError):  # it is closed already
                    sock.shutdown(socket.SHUT_RDWR)
