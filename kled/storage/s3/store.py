"""s3:// and what speaks its language: do:// scw:// hos:// (DigitalOcean, Scaleway, Hetzner).

The tag is the ETag as the service gives it; conditions are `If-None-Match: *` and `If-Match`.
Answers of a service that knows neither differ (501, 400, or silence): `probe` decides.

Objects go through obstore, which costs a quarter of boto3's processor time and a tenth of its
import. Every request is signed together with the SHA-256 of its body, so a damaged one is refused.
Listings, which have to be looked at before they are believed, are signed and sent by botocore;
versions, large writes and retention, which obstore lacks or does otherwise, are boto3's.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from kled.errors import WrongRegion
from kled.storage.base import Entry, Location, Reading, Stored, Version, checked
from kled.storage.obstore_calls import GetOptions, Opened, opened
from kled.storage.parts import Again, size_of
from kled.storage.s3 import listing
from kled.storage.s3 import write as s3_write
from kled.storage.s3.client import S3Access, S3Clients
from kled.storage.s3.errors import translated, translated_data
from kled.storage.timeouts import DEFAULT, Timeouts

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import S3Store as Data

T = TypeVar("T")


class S3Store:
    """Objects of one bucket below a prefix; safe for threads. No SDK is imported before use."""

    def __init__(
        self,
        access: S3Access,
        bucket: str,
        prefix: str,
        location: Location,
        timeouts: Timeouts = DEFAULT,
    ) -> None:
        self._clients = S3Clients(access, bucket, timeouts)
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._location = location

    seeks = True

    @property
    def location(self) -> Location:
        """The URL, and the endpoint and region that were chosen for it."""
        return self._location

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """GetObject."""
        with self.read(key, tag=tag, version=version) as reading:
            return Stored(b"".join(reading.chunks()), reading.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        """GetObject with `If-Match`, its body as it comes; ranges where it starts later."""
        options = GetOptions(tag, version, start)

        def ask(data: "Data") -> Opened:
            where = self._where(key)
            return opened(data, self._key(key), options, lambda: translated_data(where), where)

        yield self._asked(key, ask)

    def put(self, key: str, body: bytes) -> str:
        """PutObject."""
        return self._put(key, body, "overwrite")

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """PutObject with `If-None-Match: *`, and an object lock of the bucket's default mode."""
        if retain_until is not None:
            return self.write(key, [body], retain_until=retain_until)
        return self._put(key, body, "create")

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """PutObject with `If-Match`; a missing object answers 404: that condition is lost, too."""
        return self._put(key, body, {"e_tag": tag})

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """One PutObject where that will do, else a multipart upload, given up on any error."""
        size = size_of(chunks)
        if size is not None and s3_write.PART < size <= s3_write.WHOLE:
            upload = self._upload(key, absent=absent, retain_until=retain_until)
            with translated(self._where(key), conditional=absent):
                return upload.whole(Again(chunks, size))
        first, rest = s3_write.parts(chunks)
        if rest is None and retain_until is None:
            return self._put(key, first, "create" if absent else "overwrite")
        upload = self._upload(key, absent=absent, retain_until=retain_until)
        with translated(self._where(key), conditional=absent):
            return upload.single(first) if rest is None else upload.multipart(first, rest)

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """ListObjectsV2, a page at a time."""
        below = self._prefix
        where = f"s3://{self._bucket}/{below}{prefix} at {self._clients.endpoint}"
        with translated(self._where(prefix)):
            yield from listing.entries(self._clients.page, where, below, prefix, start_after)

    def versions(self, prefix: str = "") -> Iterator[Version]:
        """ListObjectVersions; a bucket that never had versioning on shows one of each object."""
        with translated(self._where(prefix)):
            yield from listing.versions(self._clients.client(), self._bucket, self._prefix, prefix)

    def delete(self, key: str) -> None:
        """DeleteObject; in a versioned bucket a delete marker."""
        self._asked(key, lambda data: data.delete(self._key(key)))

    def _upload(self, key: str, *, absent: bool, retain_until: datetime | None) -> s3_write.Upload:
        with translated(self._where(key)):
            client = self._clients.client()
            return s3_write.Upload(
                client, self._bucket, self._key(key), absent=absent, retain_until=retain_until
            )

    def _put(self, key: str, body: bytes, mode: "PutMode") -> str:
        def ask(data: "Data") -> str:
            answer = data.put(self._key(key), body, mode=mode, use_multipart=False)
            return answer["e_tag"] or ""

        return self._asked(key, ask, size=len(body), conditional=mode != "overwrite")

    def _asked(
        self, key: str, ask: Callable[["Data"], T], *, size: int = 0, conditional: bool = False
    ) -> T:
        """Ask, and ask the right region where another one answers, as boto3 does."""
        checked(key)
        try:
            with translated_data(self._where(key), conditional=conditional):
                return ask(self._clients.data(size))
        except WrongRegion:
            with translated(self._where(key)):
                self._clients.find_region()
        with translated_data(self._where(key), conditional=conditional):
            return ask(self._clients.data(size))

    def _key(self, key: str) -> str:
        return self._prefix + checked(key)

    def _where(self, key: str) -> str:
        return f"{self._location.url}/{key}"
