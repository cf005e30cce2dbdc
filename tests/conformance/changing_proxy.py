"""A proxy between a store's client and its server that changes answers on their way."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.unit.storage.answering import Answer, Asked, Server, answering

Change = Callable[[Asked, Answer], Answer]
_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})


@contextmanager
def changing(endpoint: str, change: Change) -> Iterator[Server]:
    """Serve what `endpoint` answers, as `change` makes it; signatures stay those of the client."""
    target = urlsplit(endpoint)

    def answer(asked: Asked) -> Answer:
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        try:
            kept = {name: told for name, told in asked.headers.items() if name.lower() not in _HOP}
            connection.request(asked.method, asked.path, asked.body or None, kept)
            got = connection.getresponse()
            headers = {name: told for name, told in got.getheaders() if name.lower() not in _HOP}
            return change(asked, Answer(got.status, got.read(), headers))
        finally:
            connection.close()

    with answering(answer) as server:
        yield server
