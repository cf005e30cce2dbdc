"""An etcd that is asked by HTTP and JSON (etcd.io, gRPC gateway), past the API server."""

from __future__ import annotations

import base64
import time

import httpx


class Etcd:
    """Keys and values of one member."""

    def __init__(self, url: str) -> None:
        self.url = url

    def wait(self, seconds: float) -> None:
        """Wait until it takes writes."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                if httpx.get(f"{self.url}/health", timeout=5).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{self.url} does not answer")

    def keys(self, prefix: str) -> dict[str, bytes]:
        """All values below a prefix."""
        answer = self._ask("range", {"key": _encoded(prefix), "range_end": _end(prefix)})
        return {
            base64.b64decode(pair["key"]).decode(): base64.b64decode(pair["value"])
            for pair in answer.get("kvs", [])
        }

    def put(self, key: str, value: bytes) -> None:
        """Write a value without a lease, as a restored key is written."""
        self._ask("put", {"key": _encoded(key), "value": base64.b64encode(value).decode()})

    def delete(self, key: str) -> None:
        self._ask("deleterange", {"key": _encoded(key)})

    def _ask(self, method: str, body: dict[str, str]) -> dict[str, list[dict[str, str]]]:
        answer = httpx.post(f"{self.url}/v3/kv/{method}", json=body, timeout=30).raise_for_status()
        document: dict[str, list[dict[str, str]]] = answer.json()
        return document


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _end(prefix: str) -> str:
    return base64.b64encode(prefix[:-1].encode() + bytes([ord(prefix[-1]) + 1])).decode()
