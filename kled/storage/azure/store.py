"""azureblob://ACCOUNT/CONTAINER/PREFIX: Azure Blob Storage.

The tag is the ETag, of which listings leave out the quotes; conditions are `If-None-Match: *` and
`If-Match`. Writes are azure-storage-blob's, each with an MD5 that the service compares; reads are
obstore's, which cost a seventh of its processor time.
"""

import base64
import itertools
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kled.errors import CapabilityMissing, ObjectMissing
from kled.storage.azure import listing
from kled.storage.azure.client import AzureAccess, AzureClients
from kled.storage.azure.errors import translated, translated_data
from kled.storage.base import Entry, Location, Reading, Stored, Version, checked
from kled.storage.obstore_calls import GetOptions, opened
from kled.storage.pages import Pages
from kled.storage.parts import SMALL, first_part
from kled.storage.timeouts import DEFAULT, Timeouts

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties

_BLOCK: Final = 8 << 20
"""Bytes of a block; 50,000 are allowed in one object."""
_PAGE: Final = 1000
_DISORDER: Final = "use a storage account without a hierarchical namespace"


class AzureBlobStore:
    """Objects of one container below a prefix; safe for threads. No SDK is imported before use."""

    def __init__(self, access: AzureAccess, timeouts: Timeouts = DEFAULT) -> None:
        self._clients = AzureClients(access, timeouts)
        self._prefix = f"{access.prefix}/" if access.prefix else ""
        self._location = access.location

    seeks = False

    @property
    def location(self) -> Location:
        """The URL, and the endpoint where it is another than the public cloud's."""
        return self._location

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """Get Blob."""
        with self.read(key, tag=tag, version=version) as reading:
            return Stored(b"".join(reading.chunks()), reading.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        """Get Blob with `If-Match`, its body as it comes."""
        options = GetOptions(None if tag is None else f'"{tag}"', version, start)
        with translated_data(self._where(key)):
            reading = opened(
                self._clients.data(),
                self._name(key),
                options,
                lambda: translated_data(self._where(key)),
                self._where(key),
            )
        reading.tag = _tag(reading.tag)
        yield reading

    def put(self, key: str, body: bytes) -> str:
        """Put Blob."""
        return self._put(key, body, {"overwrite": True})

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """Put Blob with `If-None-Match: *`."""
        self._refuse_retention(retain_until)
        return self._put(key, body, {"overwrite": False})

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Put Blob with `If-Match`."""
        from azure.core import MatchConditions  # noqa: PLC0415 - slow to import

        condition = {"etag": f'"{tag}"', "match_condition": MatchConditions.IfNotModified}
        return self._put(key, body, {"overwrite": True, **condition})

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """Put Blob where that suffices, else blocks that the last request makes an object.

        Blocks that are given up are invisible, and forgotten by Azure after a week.
        """
        self._refuse_retention(retain_until)
        checked(key)
        first, rest = first_part(chunks, lambda _number: _BLOCK)
        if rest is None:
            return self._put(key, first, {"overwrite": not absent})
        return self._put_blocks(key, itertools.chain([first], rest), absent=absent)

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """List Blobs, from the prefix's beginning: Azure cannot start later."""
        with translated(self._where(prefix)):
            for blob in self._listed(prefix, []):
                key = blob.name.removeprefix(self._prefix)
                if key > start_after and (blob.size or not key.endswith("/")):
                    yield Entry(
                        key, blob.size, _tag(blob.etag), blob.last_modified, blob.version_id
                    )

    def versions(self, prefix: str = "") -> Iterator[Version]:
        """List Blobs with versions. There are no markers: what has no latest version is gone."""
        with translated(self._where(prefix)):
            blobs = self._listed(prefix, ["versions"])
            for name, group in itertools.groupby(blobs, key=lambda blob: str(blob.name)):
                for blob in sorted(group, key=self._version_of, reverse=True):
                    yield Version(
                        name.removeprefix(self._prefix),
                        self._version_of(blob),
                        _tag(blob.etag),
                        blob.size,
                        blob.last_modified,
                        latest=bool(blob.is_current_version),
                        deleted=False,
                    )

    def delete(self, key: str) -> None:
        """Delete Blob; where the account keeps versions, it becomes an older one."""
        try:
            with translated(self._where(key)):
                self._blob(key).delete_blob()
        except ObjectMissing:
            return

    def _put(self, key: str, body: bytes, condition: dict[str, Any]) -> str:
        conditional = "etag" in condition
        with translated(self._where(key), conditional=conditional):
            answer = self._blob(key).upload_blob(
                body,
                length=len(body),
                validate_content=True,
                max_concurrency=1,
                read_timeout=self._clients.timeouts.pair(large=len(body) > SMALL)[1],
                **condition,
            )
        return _tag(answer["etag"])

    def _put_blocks(self, key: str, blocks: Iterable[bytes], *, absent: bool) -> str:
        from azure.core import MatchConditions  # noqa: PLC0415 - slow to import
        from azure.storage.blob import BlobBlock  # noqa: PLC0415

        condition: Any = {"match_condition": MatchConditions.IfMissing} if absent else {}
        own, sent = uuid.uuid4().hex, []  # other writers' blocks of this object have other names
        for number, block in enumerate(blocks):
            name = base64.b64encode(f"{own}-{number:05}".encode()).decode()
            with translated(self._where(key)):
                self._blob(key).stage_block(
                    name,
                    block,
                    validate_content=True,
                    read_timeout=self._clients.timeouts.pair(large=True)[1],
                )
            sent.append(BlobBlock(name))
        with translated(self._where(key)):
            answer = self._blob(key).commit_block_list(sent, validate_content=True, **condition)
        return _tag(answer["etag"])

    def _listed(self, prefix: str, include: list[str]) -> "Iterator[BlobProperties]":
        """Yield what List Blobs gives, held against what was asked for."""
        where = f"{self._where(prefix)} at {self._clients.endpoint}"
        below = self._prefix + prefix
        pages = Pages(where, below, repeats=bool(include), disorder=_DISORDER)
        listed: Any = self._clients.container().list_blobs(
            name_starts_with=below,
            include=include,
            results_per_page=_PAGE,
            raw_response_hook=partial(listing.look, where, pages),
        )
        for page in listed.by_page():
            blobs = list(page)
            pages.take([blob.name for blob in blobs])
            yield from blobs

    def _version_of(self, blob: "BlobProperties") -> str:
        if not blob.version_id:
            raise CapabilityMissing(f"{self._location.url} keeps no older versions")
        return str(blob.version_id)

    def _refuse_retention(self, retain_until: datetime | None) -> None:
        if retain_until is not None:
            raise CapabilityMissing(
                f"{self._location.url}: kled sets no retention on Azure Blob Storage",
                hint="set an immutability policy on the container",
            )

    def _blob(self, key: str) -> "BlobClient":
        return self._clients.container().get_blob_client(self._name(key))

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    def _where(self, key: str) -> str:
        return f"{self._location.url}/{key}"


def _tag(etag: Any) -> str:  # noqa: ANN401 - the SDK's answers are not typed
    return str(etag).strip('"')
