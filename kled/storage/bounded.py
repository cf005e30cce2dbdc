"""Reading an object that should be small, whatever its size is, or only what is told of it."""

from datetime import datetime
from typing import Final

from kled.documents import LIMIT, too_large
from kled.errors import DocumentDamaged, ObjectMissing, PreconditionFailed, StoreUnavailable
from kled.storage.base import ObjectStore, Stored

_TRIES: Final = 3


def get_bounded(store: ObjectStore, key: str, *, limit: int = LIMIT, what: str = "") -> Stored:
    """Return the object at `key`, holding at most `limit` bytes and one chunk.

    As `get`, and never half of one write and half of another: where the connection breaks and the
    object is written again meanwhile, it is read from the start. Raises what `ObjectStore.get`
    raises, `StoreUnavailable` where it changes each time, and `DocumentDamaged` for an object of
    more than `limit` bytes: at once where the store tells the size, and else as soon as more than
    that has come. `what` names the object in these errors; without it, its URL does.
    """
    what = what or f"{store.location.url}/{key}"
    for _ in range(_TRIES):
        try:
            return _read(store, key, limit, what)
        except PreconditionFailed:
            continue
    raise StoreUnavailable(f"{what} is written faster than it can be read")


def get_if_readable(store: ObjectStore, key: str) -> bytes | None:
    """Return the body of the object at `key`; None where it is gone, or has more than any document.

    For looks at what may be missing or damaged, of which somebody else tells. Raises what
    `get_bounded` raises else.
    """
    try:
        return get_bounded(store, key).body
    except (ObjectMissing, DocumentDamaged):
        return None


def is_there(store: ObjectStore, key: str) -> bool:
    """Say whether there is an object at `key`, of any size. Raises as `ObjectStore.read`."""
    try:
        with store.read(key):
            return True
    except ObjectMissing:
        return False


def tag_of(store: ObjectStore, key: str) -> str:
    """Return the tag of the object at `key`, however large it is. Raises as `ObjectStore.read`."""
    with store.read(key) as reading:
        return reading.tag


def written(store: ObjectStore, key: str) -> datetime | None:
    """Return when the store says that `key` was written; None: it does not tell. One LIST."""
    return next((entry.modified for entry in store.entries(key) if entry.key == key), None)


def _read(store: ObjectStore, key: str, limit: int, what: str) -> Stored:
    with store.read(key) as reading:
        if reading.size > limit:
            raise too_large(what, limit)
        body = bytearray()
        for chunk in reading.chunks():
            body += chunk
            if len(body) > limit:
                raise too_large(what, limit)
        return Stored(bytes(body), reading.tag)
