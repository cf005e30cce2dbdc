"""Reading an object that should be small, whatever its size is."""

from kled.documents import LIMIT, too_large
from kled.storage.base import ObjectStore, Stored


def get_bounded(store: ObjectStore, key: str, *, limit: int = LIMIT, what: str = "") -> Stored:
    """Return the object at `key` in one request, holding at most `limit` bytes and one chunk.

    Raises what `ObjectStore.read` raises, and `DocumentDamaged` for an object of more than `limit`
    bytes: at once where the store tells the size, and else as soon as more than that has come.
    `what` names the object in that error; without it, its URL does.
    """
    what = what or f"{store.location.url}/{key}"
    with store.read(key) as reading:
        if reading.size > limit:
            raise too_large(what, limit)
        body = bytearray()
        for chunk in reading.chunks():
            body += chunk
            if len(body) > limit:
                raise too_large(what, limit)
        return Stored(bytes(body), reading.tag)
