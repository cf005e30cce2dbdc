"""What every object store can do, and what it promises for each call.

Keys are relative to the store's URL, `/` between their parts. A store never retries by itself:
`retrying.RetryingStore` does that for all of them. A store may be used by many threads at once.
Every call may raise

* `BucketMissing`: the bucket or directory of the URL is not there;
* `StoreDenied`: the credentials are refused, missing, or lack a permission;
* `StoreUnavailable` (retryable): no answer, throttled, 5xx; **a write may still have happened**;
* `DocumentDamaged`: what stands there is no object, but a link, a FIFO or the like (directories);
* `StoreError`: anything else that the store says, in its own words;
* `InvalidInput`: a key with an empty, `.` or `..` part, a control character, or no UTF-8.

A write carries a digest of what it writes, so that the store itself refuses bytes that were damaged
on the way: an object whose write was answered holds exactly the bytes that were given.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from kled.errors import InvalidInput
from kled.visible import visible


@dataclass(frozen=True, slots=True)
class Location:
    """Where a store is: enough for another process with the same environment to open it again.

    Two stores with equal locations are the same store. Holds no credentials. Raises `InvalidInput`
    for addresses that are none, for example `s3://[`.
    """

    url: str
    endpoint: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        _require_address("store", self.url)
        _require_address("endpoint", self.endpoint or "")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was at one moment."""

    body: bytes
    tag: str
    """Opaque. An object that was written again with another body has another tag; one that was
    written again with the same body may keep it, so what must be told apart must differ."""


class Entry(NamedTuple):
    """One line of a listing; a tuple, since a fleet has 100,000 of them."""

    key: str
    """As the store has it: a key that `checked` refuses (another tool wrote it) is listed, too, and
    cannot be read."""
    size: int
    """Bytes."""
    tag: str
    """Equals `Stored.tag` of what `get` would have returned."""
    modified: datetime | None = None
    """When it was written, in UTC, by the store's clock."""
    version: str | None = None
    """The version that `get` takes, where listings of the store name one."""
    unfit: str | None = None
    """What stands there in place of an object, for example `a symbolic link`: it is listed, and can
    be neither read nor written over. Only directories have such."""
    links: int = 1
    """Under how many names the file system has it; only directories have more than one."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object in a store that keeps older ones."""

    key: str
    version: str
    """For `get` and `read`."""
    tag: str
    """Empty for a delete marker."""
    size: int
    modified: datetime
    latest: bool
    """Whether it is what a `get` without `version` sees."""
    deleted: bool
    """A delete marker: from here on the object was gone."""


class Reading(Protocol):
    """An object that is being read."""

    @property
    def size(self) -> int:
        """Bytes of the whole object, also where reading starts later."""

    @property
    def tag(self) -> str:
        """The tag of what is read, to the end: one reading never mixes two states."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes once, about 1 MiB at a time, none empty; memory use is bounded."""


class ObjectStore(Protocol):
    """A flat set of named objects; a call is atomic for one object, and nothing is larger."""

    @property
    def location(self) -> Location:
        """Where this store is."""

    @property
    def seeks(self) -> bool:
        """Whether a listing with `start_after` costs no requests for what comes before it."""

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """Return the object; a reader never sees half a write.

        With `tag`, raises `PreconditionFailed` where the object has another one. With `version`,
        returns that older state; `CapabilityMissing` where the store keeps none. Raises
        `ObjectMissing`, also for a delete marker.
        """

    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> AbstractContextManager[Reading]:
        """Open the object for reading from byte `start` on, in bounded memory.

        Raises as `get` does when it is entered. `Reading.chunks` raises `StoreUnavailable` where
        the connection breaks; what was read so far is then a prefix of the object.
        """

    def put(self, key: str, body: bytes) -> str:
        """Write `body`, whatever is there, and return its tag. Idempotent."""

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """Write `body` unless `key` exists and return its tag, else raise `PreconditionFailed`.

        Of any number of callers at once, one wins. Until `retain_until` (with its time zone) this
        version of the object can be neither changed nor deleted. Raises `CapabilityMissing` where
        the store refuses conditions or retention outright; one that ignores conditions is found by
        `probe.conditional_writes`.
        """

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Write `body` if the object still has `tag` and return the new tag.

        Raises `PreconditionFailed` where it has another one or is gone, `CapabilityMissing` as
        `put_if_absent` does. Of any number of callers with one tag, at most one wins.
        """

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """Write the bytes of `chunks` in bounded memory and return the tag.

        The object becomes visible whole, when all is written, or not at all: where `chunks` raises,
        what was sent is given up and that error is raised. With `absent`, as `put_if_absent`, and
        the condition is tried when all was sent; without, as `put`. `chunks` is consumed by a
        failed call; an iterable that begins anew each time lets `RetryingStore` try again, and if
        it tells its `size`, in bytes, adapters may send it in one request.
        """

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """Yield what starts with `prefix` and sorts after `start_after`, in byte order of the keys.

        Lazy, at most 1000 entries a request; what is written meanwhile may or may not be seen.
        Markers of directories, which consoles make (empty, `/` at the end), are no objects here.
        What a listing lacks counts as deleted, so none ends early in silence: raises
        `StoreUnavailable` where something else than a page of this listing came (a proxy's page, a
        body that broke off), `StoreError` where a page contradicts itself or what was asked for,
        and `CapabilityMissing` where keys are out of order.
        """

    def versions(self, prefix: str = "") -> Iterator[Version]:
        """Yield all versions of what starts with `prefix`, newest first for each key.

        Raises as `entries` does, and `CapabilityMissing` where the store keeps no older versions.
        """

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens where there is none, so it may run twice.

        Not conditional: no store may rely on that (MinIO ignores If-Match on DELETE). Where the
        store keeps versions, older ones stay.
        """


def _require_address(field: str, address: str) -> None:
    """Raise `InvalidInput` for what has no parts, or would lose some: urlsplit drops line feeds."""
    problem = "it has control characters" if _CONTROL.search(address) else ""
    try:
        _ = urlsplit(address).port
    except ValueError as error:
        problem = str(error)
    if problem:
        raise InvalidInput(field, f"{address} is not an address: {problem}")


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SEPARATORS: Final = ("", ".", "/")
_ODD: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|(?:^|/)(?P<part>\.{0,2})(?:/|$)")


def oddity(key: str) -> str | None:
    """Say why no store of kled's reads or writes `key`; None where it does.

    Stores that others write to may list such keys; in a directory they would be other files.
    """
    # a listing of a fleet asks it of every key, and next to none is odd: those that cannot be are
    # told without the expression. What is odd has no bytes that print, or such a part
    plain = key.isprintable() and key[:1] not in _SEPARATORS and not key.endswith("/")
    if plain and "//" not in key and "/." not in key:
        return None
    match = _ODD.search(key)
    if match is None:
        return None
    if match["part"] is not None:
        return "an empty, `.` or `..` part"
    return "bytes that are no UTF-8" if match[0] > "\x7f" else "a control character"


def checked(key: str) -> str:
    """Return `key`; raise `InvalidInput` where it could leave the store or name no object."""
    problem = oddity(key)
    if problem is not None:
        raise InvalidInput("key", f'"{visible(key)}" is not an object key: it has {problem}')
    return key
