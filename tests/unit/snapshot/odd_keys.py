"""Keys that other tools leave in a state store, and a store in memory that lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kled.storage.base import Entry
from tests.unit.snapshot.fleets import name, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kled.storage.memory import MemoryStore

C = name(0)
ODD = {
    f"{C}/notes//owner.txt": "an empty, `.` or `..` part",
    f"{C}//config": "an empty, `.` or `..` part",
    f"{C}/notes/../config": "an empty, `.` or `..` part",
    f"{C}/notes/./config": "an empty, `.` or `..` part",
    f"{C}/backups/etcd/main/../x": "an empty, `.` or `..` part",
    f"{C}/notes/": "an empty, `.` or `..` part",
    f"{C}/..": "an empty, `.` or `..` part",
    f"{C}/a\nb": "a control character",
    f"{C}/a\x1b]0;title\x07b": "a control character",
    f"{C}/a\x7fb": "a control character",
    f"{C}/a\udcffb": "bytes that are no UTF-8",
    f"{C}/instancegroup/\udcff": "bytes that are no UTF-8",
}
"""Each with the reason; the one with a slash at its end holds something, so is no marker."""


class Littered:
    """A state store in which somebody else wrote `more`; what kled cannot name it cannot read."""

    def __init__(self, inner: MemoryStore, more: dict[str, int]) -> None:
        self._inner = inner
        self._more = more

    def __getattr__(self, what: str) -> object:
        return getattr(self._inner, what)

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        found = [*self._inner.entries()]
        found += [Entry(key, size, f'"{size}"') for key, size in self._more.items()]
        for one in sorted(found, key=lambda one: one.key.encode(errors="surrogatepass")):
            if one.key.startswith(prefix) and one.key > start_after:
                yield one


def littered(clusters: int, *keys: str, size: int = 3) -> Littered:
    return Littered(state(clusters), dict.fromkeys(keys, size))
