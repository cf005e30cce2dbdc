"""Finding the objects of a restore's target that hold the right bytes already."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from kled.errors import ObjectMissing
from kled.snapshot.documents.manifest import Manifest, ObjectRecord
from kled.snapshot.parallel import in_parallel
from kled.storage.base import Entry, ObjectStore
from kled.store_urls import is_same

_CHUNK: Final = 1 << 20  # of a reading


@dataclass(frozen=True, slots=True)
class TargetView:
    """Tells whether an object of the target holds the bytes of a record."""

    target: ObjectStore
    prefix: str
    manifest: Manifest

    @property
    def is_home(self) -> bool:
        """Whether the tags in the manifest come from this very place.

        Tags of files do not count: they come from the file system's times, and show nothing of
        bytes that were damaged since.
        """
        url = self.target.location.url
        same_store = is_same(url, self.manifest.state_store)
        home = same_store and self.prefix == f"{self.manifest.cluster}/"
        return home and not url.startswith("file:")

    def holds(self, entry: Entry, record: ObjectRecord) -> bool:
        """Read the object and compare; an object that is gone by now does not hold them."""
        digest = hashlib.sha256()
        try:
            with self.target.read(entry.key) as reading:
                for chunk in reading.chunks():
                    digest.update(chunk)
        except ObjectMissing:
            return False
        return digest.hexdigest() == record.sha256


def same_keys(
    wanted: Iterable[ObjectRecord],
    present: Mapping[str, Entry],
    md5: Mapping[str, str],
    view: TargetView,
) -> frozenset[str]:
    """Return the keys whose bytes the target has; reads only where size and tag leave it open."""
    same: set[str] = set()
    unsure: list[ObjectRecord] = []
    for record in wanted:
        entry = present.get(record.key)
        if entry is None or entry.size != record.size:
            continue
        tag = entry.tag.strip('"')
        if tag == md5.get(record.key) or (view.is_home and entry.tag == record.tag):
            same.add(record.key)
        else:
            unsure.append(record)
    same.update(_read_and_compare(unsure, present, view))
    return frozenset(same)


def _read_and_compare(
    unsure: list[ObjectRecord], present: Mapping[str, Entry], view: TargetView
) -> Iterator[str]:
    def look(record: ObjectRecord) -> str | None:
        return record.key if view.holds(present[record.key], record) else None

    tasks = ((min(record.size, _CHUNK), partial(look, record)) for record in unsure)
    yield from filter(None, in_parallel(tasks))
