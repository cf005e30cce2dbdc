"""A store in this process's memory, with every promise of the Protocol; gone with the process."""

import itertools
import threading
from collections.abc import Iterator
from typing import Final

from kled.errors import ObjectMissing, PreconditionFailed
from kled.storage.base import Location, Stored, checked

_names: Final = itertools.count(1)


class MemoryStore:
    """Objects in a dictionary; safe for threads. Each instance is a store of its own."""

    def __init__(self) -> None:
        self._location = Location(f"memory://{next(_names)}")
        self._objects: dict[str, Stored] = {}
        self._writes = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def location(self) -> Location:
        """A name that no other instance of this process has."""
        return self._location

    def get(self, key: str) -> Stored:
        """Return the object; raise `ObjectMissing`."""
        with self._lock:
            found = self._objects.get(checked(key))
        if found is None:
            raise ObjectMissing(f"there is no object {key} in {self._location.url}")
        return found

    def put_if_absent(self, key: str, body: bytes) -> str:
        """Write under the lock unless the key exists."""
        with self._lock:
            if checked(key) in self._objects:
                raise PreconditionFailed(f"{key} exists in {self._location.url}")
            return self._put(key, body)

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Compare and write under the lock."""
        with self._lock:
            found = self._objects.get(checked(key))
            if found is None or found.tag != tag:
                raise PreconditionFailed(f"{key} changed in {self._location.url}")
            return self._put(key, body)

    def keys(self, prefix: str = "", *, start_after: str = "") -> Iterator[str]:
        """Yield the keys that there were when iteration began."""
        with self._lock:
            listed = sorted(self._objects, key=str.encode)
        yield from (key for key in listed if key.startswith(prefix) and key > start_after)

    def delete(self, key: str) -> None:
        """Forget the object, if there is one."""
        with self._lock:
            self._objects.pop(checked(key), None)

    def _put(self, key: str, body: bytes) -> str:
        stored = Stored(body, str(next(self._writes)))
        self._objects[key] = stored
        return stored.tag
