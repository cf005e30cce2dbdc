"""What every object store can do, and what it promises for each call.

Keys are relative to the store's URL, `/` between their parts. A store never retries by itself:
`retrying.RetryingStore` does that for all of them. Every call may raise

* `BucketMissing`: the bucket or directory of the URL is not there;
* `StoreDenied`: the credentials are refused, missing, or lack a permission;
* `StoreUnavailable` (retryable): no answer, throttled, 5xx; **a write may still have happened**;
* `StoreError`: anything else that the store says, in its own words;
* `InvalidInput`: a key with an empty, `.` or `..` part.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from kled.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Location:
    """Where a store is: enough for another process with the same environment to open it again.

    Two stores with equal locations are the same store. Holds no credentials.
    """

    url: str
    endpoint: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was at one moment."""

    body: bytes
    tag: str
    """Opaque. An object that was written again with another body has another tag; one that was
    written again with the same body may keep it, so what must be told apart must differ."""


class ObjectStore(Protocol):
    """A flat set of named objects; a call is atomic for one object, and nothing is larger."""

    @property
    def location(self) -> Location:
        """Where this store is."""

    def get(self, key: str) -> Stored:
        """Return the object; a reader never sees half a write. Raises `ObjectMissing`."""

    def put_if_absent(self, key: str, body: bytes) -> str:
        """Write `body` unless `key` exists and return its tag, else raise `PreconditionFailed`.

        Of any number of callers at once, one wins. Raises `CapabilityMissing` where the store
        refuses conditions outright; one that ignores them is found by `probe.conditional_writes`.
        """

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Write `body` if the object still has `tag` and return the new tag.

        Raises `PreconditionFailed` where it has another one or is gone, `CapabilityMissing` as
        `put_if_absent` does. Of any number of callers with one tag, at most one wins.
        """

    def keys(self, prefix: str = "", *, start_after: str = "") -> Iterator[str]:
        """Yield the keys that start with `prefix` and sort after `start_after`, in byte order.

        Lazy; what is written meanwhile may or may not be seen.
        """

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens where there is none, so it may run twice.

        Not conditional: no store may rely on that (MinIO ignores If-Match on DELETE).
        """


def checked(key: str) -> str:
    """Return `key`; raise `InvalidInput` where it could leave the store or name no object."""
    parts = key.split("/")
    if "\0" in key or any(part in {"", ".", ".."} for part in parts):
        raise InvalidInput("key", f"{key!r} is no object key")
    return key
