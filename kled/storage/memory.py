"""A store in this process's memory, with every promise of the Protocol; gone with the process."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kled.errors import CapabilityMissing, ObjectMissing, PreconditionFailed
from kled.storage.base import Entry, Location, Reading, Stored, Version, checked

CHUNK: Final = 1 << 20
_names: Final = itertools.count(1)
"""Of stores that nobody named: each is another place."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a key was at one time; no body stands for a delete marker."""

    body: bytes | None
    tag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class _Reading:
    body: bytes
    tag: str
    start: int

    @property
    def size(self) -> int:
        return len(self.body)

    def chunks(self) -> Iterator[bytes]:
        for offset in range(self.start, len(self.body), CHUNK):
            yield self.body[offset : offset + CHUNK]


class MemoryStore:
    """Objects in a dictionary; safe for threads. Each instance is a store of its own.

    A `versioned` one keeps what was overwritten and deleted, and takes retention, of which it only
    takes note (`retained`): it has no way to remove a version.
    """

    def __init__(
        self,
        *,
        versioned: bool = False,
        name: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self._location = Location(f"memory://{name or next(_names)}")
        self._versioned = versioned
        self._states: dict[str, list[_State]] = {}
        self._writes = itertools.count(1)
        self._lock = threading.Lock()
        self.retained: dict[str, datetime] = {}

    seeks = True

    @property
    def location(self) -> Location:
        """A name that no other instance of this process has."""
        return self._location

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """Return the object; raise `ObjectMissing`."""
        with self._lock:
            state = self._state(checked(key), version)
        if state is None or state.body is None:
            raise ObjectMissing(f"there is no object {key} in {self._location.url}")
        if tag not in {None, state.tag}:
            raise PreconditionFailed(f"{key} changed in {self._location.url}")
        return Stored(state.body, state.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        """Hand out the object's bytes in slices."""
        stored = self.get(key, tag=tag, version=version)
        yield _Reading(stored.body, stored.tag, start)

    def put(self, key: str, body: bytes) -> str:
        """Write."""
        with self._lock:
            return self._put(checked(key), body)

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """Write under the lock unless the key exists."""
        with self._lock:
            if self._current(checked(key)) is not None:
                raise PreconditionFailed(f"{key} exists in {self._location.url}")
            self._retain(key, retain_until)
            return self._put(key, body)

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Compare and write under the lock."""
        with self._lock:
            state = self._current(checked(key))
            if state is None or state.tag != tag:
                raise PreconditionFailed(f"{key} changed in {self._location.url}")
            return self._put(key, body)

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """Collect all, then write."""
        checked(key)
        body = b"".join(chunks)
        if absent:
            return self.put_if_absent(key, body, retain_until=retain_until)
        with self._lock:
            self._retain(key, retain_until)
            return self._put(key, body)

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """Yield what there was when iteration began."""
        with self._lock:
            current = {key: self._current(key) for key in self._states}
        for key in sorted(current, key=str.encode):
            state = current[key]
            if state and state.body is not None and key.startswith(prefix) and key > start_after:
                yield Entry(key, len(state.body), state.tag, state.modified)

    def versions(self, prefix: str = "") -> Iterator[Version]:
        """Yield what there was when the call was made."""
        if not self._versioned:
            raise CapabilityMissing(f"{self._location.url} keeps no older versions")
        with self._lock:
            versions = {key: [*states] for key, states in self._states.items()}
        return (
            self._version(key, state, latest=state is versions[key][-1])
            for key in sorted(versions, key=str.encode)
            if key.startswith(prefix)
            for state in reversed(versions[key])
        )

    def delete(self, key: str) -> None:
        """Forget the object, if there is one."""
        with self._lock:
            if self._current(checked(key)) is None:
                return
            if self._versioned:
                self._add(key, None)
            else:
                del self._states[key]

    def _state(self, key: str, version: str | None) -> _State | None:
        if version is None:
            return self._current(key)
        if not self._versioned:
            raise CapabilityMissing(f"{self._location.url} keeps no older versions")
        return next((state for state in self._states.get(key, ()) if state.tag == version), None)

    def _current(self, key: str) -> _State | None:
        states = self._states.get(key)
        return states[-1] if states and states[-1].body is not None else None

    def _put(self, key: str, body: bytes) -> str:
        if not self._versioned:
            self._states.pop(key, None)
        return self._add(key, body)

    def _add(self, key: str, body: bytes | None) -> str:
        state = _State(body, str(next(self._writes)), self._now())
        self._states.setdefault(key, []).append(state)
        return state.tag

    def _retain(self, key: str, until: datetime | None) -> None:
        if until is None:
            return
        if not self._versioned:
            raise CapabilityMissing(f"{self._location.url} cannot retain objects")
        self.retained[key] = until

    @staticmethod
    def _version(key: str, state: _State, *, latest: bool) -> Version:
        deleted = state.body is None
        tag = "" if deleted else state.tag
        size = len(state.body or b"")
        return Version(key, state.tag, tag, size, state.modified, latest, deleted)


_shared: Final[dict[str, MemoryStore]] = {}
"""`memory://NAME` is a place of this process, as a directory is one of a machine."""
_shared_lock: Final = threading.Lock()


def named(name: str) -> MemoryStore:
    """Return the one store of that name in this process, made when first asked for."""
    with _shared_lock:
        return _shared.setdefault(name, MemoryStore(name=name))
