"""Retries of requests, once, for every store."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypeVar

from kled.errors import ObjectMissing, PreconditionFailed, StoreUnavailable
from kled.retry import Clock, Policy, call
from kled.storage.base import Entry, Location, ObjectStore, Stored, Version
from kled.storage.parts import size_of
from kled.storage.resuming import Opener, ResumingReading

if TYPE_CHECKING:
    import hashlib

REQUEST: Final = Policy(
    4, timedelta(milliseconds=200), 3, timedelta(seconds=3), 0.5, timedelta(minutes=2)
)
"""One request: few tries, since whole steps are retried as well. The attempts run out before the
deadline does, so that what is raised in the end is still `StoreUnavailable`."""
WHOLE: Final = Policy(
    4, timedelta(milliseconds=200), 3, timedelta(seconds=3), 0.5, timedelta(hours=6)
)
"""One object of any size."""
_VAIN: Final = 4
"""Listings in a row that broke off before their first entry, though one entry could be had."""
T = TypeVar("T")


class RetryingStore:
    """Does what `inner` does, with patience for `StoreUnavailable`.

    A conditional write that failed may have happened: the answer, not the request, got lost. Its
    second try then finds its own object and is refused. So a refusal that follows a failure is
    checked by reading back: the very same body means that the first try won. This is sound only
    where the body names its writer, as leases do; two writers of one body both hear that they won.
    """

    def __init__(self, inner: ObjectStore, clock: Clock, policy: Policy = REQUEST) -> None:
        self._inner = inner
        self._clock = clock
        self._policy = policy

    @property
    def location(self) -> Location:
        """That of the inner store."""
        return self._inner.location

    @property
    def seeks(self) -> bool:
        """As the inner store."""
        return self._inner.seeks

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """Repeat freely: it only reads."""
        return self._call(lambda: self._inner.get(key, tag=tag, version=version))

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[ResumingReading]:
        """Open again, at the same tag, where the connection broke; all attempts anew each time."""

        def opened(expected: str | None, offset: int) -> Opener:
            return partial(self._inner.read, key, tag=expected, version=version, start=offset)

        with ResumingReading(opened, tag, start, self._call, self._clock.monotonic) as reading:
            yield reading

    def put(self, key: str, body: bytes) -> str:
        """Repeat freely: it is idempotent."""
        return self._call(lambda: self._inner.put(key, body))

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """Repeat, and recognise an own earlier try."""
        return self._recognising(
            lambda: self._inner.put_if_absent(key, body, retain_until=retain_until),
            lambda: self._tag_of(key, _sha256(body).digest()),
            self._policy,
        )

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Repeat, and recognise an own earlier try."""
        return self._recognising(
            lambda: self._inner.replace(key, body, tag),
            lambda: self._tag_of(key, _sha256(body).digest()),
            self._policy,
        )

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """Repeat, where `chunks` begins anew each time, and recognise an own earlier try.

        An iterator has only one beginning: its first failure is raised.
        """
        write = partial(self._inner.write, key, absent=absent, retain_until=retain_until)
        if isinstance(chunks, Iterator):
            return write(chunks)
        sent = _Hashed(chunks)
        return self._recognising(
            lambda: write(sent.anew()), lambda: self._tag_of(key, sent.digest), WHOLE, sent
        )

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """Go on after the last key that was yielded, with all attempts again."""
        last, vain = start_after, 0
        while True:
            began = last
            listing = iter(self._inner.entries(prefix, start_after=last))
            try:
                for entry in listing:
                    last = entry.key
                    yield entry
            except StoreUnavailable:
                vain = vain + 1 if last == began else 0
                if vain == _VAIN:
                    raise
                self._call(partial(self._first, prefix, last))
            else:
                return

    def versions(self, prefix: str = "") -> Iterator[Version]:
        """Begin anew, and leave out as many as were yielded; for what nobody writes meanwhile."""
        seen = vain = 0
        while True:
            began = seen
            try:
                for version in itertools.islice(self._inner.versions(prefix), seen, None):
                    seen += 1
                    yield version
            except StoreUnavailable:
                vain = vain + 1 if seen == began else 0
                if vain == _VAIN:
                    raise
                # until it gets past what was yielded: else a page that never comes is no end
                self._call(partial(self._next_version, prefix, seen))
            else:
                return

    def delete(self, key: str) -> None:
        """Repeat freely: it is idempotent."""
        self._call(lambda: self._inner.delete(key))

    def _call(self, step: Callable[[], T]) -> T:
        try:
            return call(step, self._policy, self._clock)
        except StoreUnavailable as error:
            error.with_hint(error.hint or self._advice())
            raise

    def _advice(self) -> str:
        asked = self.location.endpoint or self.location.url
        return f"look at {asked} and the way to it (proxy, firewall, names), and run it again"

    def _first(self, prefix: str, after: str) -> None:
        """List until the store answers again."""
        next(iter(self._inner.entries(prefix, start_after=after)), None)

    def _next_version(self, prefix: str, seen: int) -> None:
        """List until the version after `seen` of them comes, or the end."""
        next(itertools.islice(self._inner.versions(prefix), seen, None), None)

    def _recognising(
        self,
        write: Callable[[], str],
        own: Callable[[], str | None],
        policy: Policy,
        source: "_Hashed | None" = None,
    ) -> str:
        """Write, and recognise an own earlier try; what the `source` of the bytes raises is final.

        It has its own patience: asking it again for each try here would multiply the two.
        """
        unsure = False

        def attempt() -> str:
            nonlocal unsure
            try:
                return write()
            except StoreUnavailable as error:
                if source is not None and source.failed is error:
                    raise _SourceFailed(error) from error
                unsure = True
                raise
            except PreconditionFailed:
                mine = own() if unsure else None
                if mine is None:
                    raise
                return mine

        try:
            return call(attempt, policy, self._clock)
        except _SourceFailed as failed:
            raise failed.error from None
        except StoreUnavailable as error:
            error.with_hint(error.hint or self._advice())
            raise

    def _tag_of(self, key: str, digest: bytes) -> str | None:
        """Return the tag of what is there if it has this SHA-256."""
        stored_digest = _sha256()
        try:
            with self._inner.read(key) as reading:
                for chunk in reading.chunks():
                    stored_digest.update(chunk)
                return reading.tag if stored_digest.digest() == digest else None
        except ObjectMissing:
            return None


def _sha256(body: bytes = b"") -> "hashlib._Hash":
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms, and who only reads needs none of it

    return hashlib.sha256(body)


class _SourceFailed(Exception):
    """What was to be written could not be read: no fault of the store that is written to."""

    def __init__(self, error: StoreUnavailable) -> None:
        super().__init__(str(error))
        self.error = error


class _Hashed:
    """The chunks of one write, the SHA-256 of those of its latest try, and what ended them.

    A store may read them more than once in one try, to sign them for example; they are hashed when
    they are first read whole.
    """

    failed: StoreUnavailable | None = None

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._sha256 = _sha256()
        self._whole = False
        self.size = size_of(chunks)

    def anew(self) -> Self:
        """Begin another try."""
        self._whole = False
        return self

    def __iter__(self) -> Iterator[bytes]:
        try:
            if self._whole:
                yield from self._chunks
            else:
                yield from self._hashed()
        except StoreUnavailable as error:
            self.failed = error
            raise

    def _hashed(self) -> Iterator[bytes]:
        self._sha256 = total = _sha256()
        for chunk in self._chunks:
            total.update(chunk)
            yield chunk
        self._whole = True

    @property
    def digest(self) -> bytes:
        return self._sha256.digest()
