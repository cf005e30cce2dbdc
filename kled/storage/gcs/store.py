"""gs://: Google Cloud Storage.

Tag and version are the object's generation; conditions are `ifGenerationMatch`. Writes are those of
google-cloud-storage, which sends a CRC32C that the service compares. Reads and listings ask the
JSON API through its session: that way they stream, and tell the generation with the bytes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kled.errors import CapabilityMissing, ObjectMissing, PreconditionFailed, StoreError
from kled.storage.base import Entry, Location, Reading, Stored, Version, checked
from kled.storage.gcs import listing
from kled.storage.gcs.client import GoogleClients
from kled.storage.gcs.errors import translated
from kled.storage.pages import without_header
from kled.storage.parts import SMALL, Pipe, first_part

if TYPE_CHECKING:
    import requests
    from google.cloud.storage import Blob  # type: ignore[import-untyped]

PART: Final = 8 << 20
"""Bytes of a part of a resumable upload, and the most that is written in one request."""
_CHUNK: Final = 1 << 20
_ABSENT: Final = 0  # the generation of what is not there
_PAST_THE_END: Final = 416
_GENERATION: Final = "X-Goog-Generation"


class _Reading:
    """An answer whose body is read as it comes."""

    def __init__(self, answer: "requests.Response", where: str) -> None:
        self._answer, self._where = answer, where
        if _GENERATION not in answer.headers:
            raise without_header(where, _GENERATION)
        self.tag = answer.headers[_GENERATION]
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        self.size = int(total or answer.headers["Content-Length"])

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes that are stored: what is stored compressed stays so."""
        with translated(self._where):
            yield from self._answer.raw.stream(_CHUNK, decode_content=False)


class _Ended:
    """A reading from the very end: a range that is not granted."""

    def __init__(self, size: int, tag: str) -> None:
        self.size, self.tag = size, tag

    def chunks(self) -> Iterator[bytes]:
        """Yield nothing."""
        yield from ()


class GcsStore:
    """Objects of one bucket below a prefix; safe for threads. Nothing is imported before use."""

    def __init__(
        self, clients: GoogleClients, bucket: str, prefix: str, location: Location
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._location = location

    seeks = True

    @property
    def location(self) -> Location:
        """The URL, and the emulator's endpoint where one is used."""
        return self._location

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """Read it all."""
        with self.read(key, tag=tag, version=version) as reading:
            return Stored(b"".join(reading.chunks()), reading.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        """Ask for the media, of the generation that is named.

        The generation of the answer is compared as well: an emulator is known to ignore conditions.
        """
        asked = {"alt": "media"}
        if tag is not None:
            asked["ifGenerationMatch"] = str(_generation(tag))
        if version is not None:
            asked["generation"] = str(_generation(version))
        with translated(self._where(key)):
            answer = self._clients.ask(
                f"/download/storage/v1/b/{self._bucket}/o/{listing.quoted(self._name(key))}",
                asked,
                headers={"Range": f"bytes={start}-"} if start else {},
                accepted=(_PAST_THE_END,) if start else (),
            )
        with answer:
            reading: Reading
            if answer.status_code == _PAST_THE_END:
                reading = self._ended(key, version, start)
            else:
                reading = _Reading(answer, self._where(key))
            if tag not in {None, reading.tag}:
                raise PreconditionFailed(f"{self._where(key)} is not what it was")
            yield reading

    def put(self, key: str, body: bytes) -> str:
        """Upload."""
        return self._put(key, body, None)

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """Upload with `ifGenerationMatch=0`."""
        self._refuse_retention(retain_until)
        return self._put(key, body, _ABSENT)

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Upload with `ifGenerationMatch`."""
        checked(key)
        return self._put(key, body, _generation(tag))

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """One upload where that suffices, else a resumable one.

        One that is given up is invisible, free of charge, and forgotten by Google after a week.
        """
        self._refuse_retention(retain_until)
        checked(key)
        first, rest = first_part(chunks, lambda _number: PART)
        generation = _ABSENT if absent else None
        if rest is None:
            return self._put(key, first, generation)
        with translated(self._where(key)):
            blob = self._clients.blob(self._bucket, self._name(key))
            blob.chunk_size = PART
            blob.upload_from_file(
                Pipe(first, rest),
                if_generation_match=generation,
                timeout=self._clients.timeouts.pair(large=True),
                checksum="crc32c",
                retry=None,
            )
            return self._tag(key, blob)

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """List objects, a page at a time; generations are versions here."""
        with translated(self._where(prefix)):
            yield from listing.entries(self._clients, self._place, prefix, start_after)

    def versions(self, prefix: str = "") -> Iterator[Version]:
        """List generations. There are no markers: what has no latest version is gone."""
        with translated(self._where(prefix)):
            yield from listing.versions(self._clients, self._place, prefix)

    def delete(self, key: str) -> None:
        """Delete the live generation."""
        try:
            with translated(self._where(key)):
                self._clients.blob(self._bucket, self._name(key)).delete(
                    timeout=self._clients.timeouts.pair(), retry=None
                )
        except ObjectMissing:
            return

    def _put(self, key: str, body: bytes, generation: int | None) -> str:
        with translated(self._where(key), conditional=generation is not None):
            blob = self._clients.blob(self._bucket, self._name(key))
            blob.upload_from_string(
                body,
                content_type="application/octet-stream",
                if_generation_match=generation,
                timeout=self._clients.timeouts.pair(large=len(body) > SMALL),
                checksum="crc32c",
                retry=None,
            )
            return self._tag(key, blob)

    def _tag(self, key: str, blob: "Blob") -> str:
        """Return the tag of what was written; every answer of Google's to a write tells it."""
        try:
            return str(int(blob.generation))
        except (AttributeError, TypeError, ValueError):  # the library takes any JSON for its own
            raise without_header(self._where(key), "the generation of what was written") from None

    def _ended(self, key: str, version: str | None, start: int) -> _Ended:
        with translated(self._where(key)):
            described = listing.described(self._clients, self._place, self._name(key), version)
        if start > int(described["size"]):
            raise StoreError(f"{self._where(key)} has no byte {start}")
        return _Ended(int(described["size"]), described["generation"])

    @property
    def _place(self) -> listing.BucketPrefix:
        return listing.BucketPrefix(self._bucket, self._prefix)

    def _refuse_retention(self, retain_until: datetime | None) -> None:
        if retain_until is not None:
            raise CapabilityMissing(
                f"{self._location.url}: kled sets no retention on Google Cloud Storage",
                hint="set a retention policy on the bucket",
            )

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    def _where(self, key: str) -> str:
        return f"{self._location.url}/{key}"


def _generation(tag: str) -> int:
    """Return the generation that a tag is; 0 stands for absence and is no tag."""
    if not tag.isdecimal() or int(tag) == _ABSENT:
        raise PreconditionFailed(f"no object has the tag {tag}")
    return int(tag)
