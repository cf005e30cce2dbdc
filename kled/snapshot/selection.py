"""From a listing of the state store to what a snapshot takes of each cluster, and what it leaves.

Pure: listings go in, `Selection`s come out. A state store's directories are clusters where they
hold `config`; `.kled/` is kled's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from kled.kops import layout
from kled.snapshot.manifest import Skipped, listing_digest
from kled.storage.base import Entry

LARGE: Final = 4 << 20
"""Larger objects are blobs of their own."""
_OWN: Final = ".kled"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a snapshot of one cluster takes, as it was listed; keys are relative to the cluster."""

    cluster: str
    definition: tuple[Entry, ...]
    """What makes the cluster: all but etcd's backups and live state."""
    backups: tuple[Entry, ...]
    """The objects of the etcd backups that were chosen."""
    etcd: dict[str, tuple[str, ...]]
    """Etcd cluster to the names of its chosen backups, newest first."""
    skipped: tuple[Skipped, ...]
    listed: int
    """How many objects the listing had."""

    @property
    def definition_digest(self) -> str:
        """The digest that decides whether the archive is made anew."""
        return listing_digest((one.key, one.size, one.tag) for one in self.definition)

    @property
    def etcd_digest(self) -> str:
        """The digest of the chosen etcd backups."""
        return listing_digest((one.key, one.size, one.tag) for one in self.backups)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is taken."""
        return (*self.definition, *self.backups)

    @property
    def last_change(self) -> datetime | None:
        """When the definition was last written, where the store tells."""
        return max((one.modified for one in self.definition if one.modified), default=None)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A directory of the state store that holds no cluster."""

    name: str
    objects: int


def select(cluster: str, entries: Iterable[Entry], backups: int | None) -> Selection | Orphan:
    """Choose from the listing of one cluster, whose keys are relative to it.

    `backups` is how many complete etcd backups of each etcd cluster to take; None takes all.
    """
    listed = list(entries)
    if not any(one.key == layout.CONFIG for one in listed):
        return Orphan(cluster, len(listed))
    kinds = [(layout.kind_of(one.key), one) for one in listed]
    markers = {one.key for _, one in kinds if layout.is_marker(one.key)}
    definition = [
        one
        for kind, one in kinds
        if kind in {"identity", "intent", "derived"} or one.key in markers
    ]
    skipped = [
        Skipped(key=one.key, reason="live control state of etcd-manager, never restored")
        for kind, one in kinds
        if kind == "control" and one.key not in markers
    ]
    chosen, etcd, left = _chosen_backups(
        [one for kind, one in kinds if kind == "etcd-backup"], backups
    )
    return Selection(cluster, tuple(definition), chosen, etcd, (*skipped, *left), len(listed))


def fleet(
    entries: Iterable[Entry], backups: int | None
) -> Iterator[tuple[int, Selection | Orphan]]:
    """Choose from one listing of a whole state store, cluster by cluster, in bounded memory.

    Yields the number of entries before the cluster's first one, too.
    """
    position = 0
    for name, group in groupby(entries, key=lambda one: one.key.partition("/")[0]):
        listed = [one for one in group if "/" in one.key]
        before = position
        position += len(listed) or 1
        if name != _OWN and listed:
            yield before, select(name, relative(listed, name), backups)


def relative(entries: Iterable[Entry], cluster: str) -> Iterator[Entry]:
    """Yield the entries with keys relative to the cluster."""
    start = len(cluster) + 1
    for one in entries:  # a run looks at every entry of a fleet: `replace` is five times dearer
        yield Entry(one.key[start:], one.size, one.tag, one.modified, one.version)


def _chosen_backups(
    entries: list[Entry], wanted: int | None
) -> tuple[tuple[Entry, ...], dict[str, tuple[str, ...]], list[Skipped]]:
    by_key = {one.key: one for one in entries}
    grouped = layout.etcd_backups(by_key)
    etcd: dict[str, tuple[str, ...]] = {}
    taken: list[Entry] = []
    skipped: list[Skipped] = []
    for name, group in groupby(grouped, key=lambda one: one.etcd):
        found = list(group)
        complete = [one for one in found if one.complete]
        chosen = complete if wanted is None else complete[:wanted]
        etcd[name] = tuple(one.name for one in chosen)
        taken += [by_key[key] for one in chosen for key in one.keys]
        older, halves = len(complete) - len(chosen), len(found) - len(complete)
        place = f"backups/etcd/{name}/"
        if older:
            skipped.append(Skipped(key=place, reason=f"{older} older backups"))
        if halves:
            skipped.append(Skipped(key=place, reason=f"{halves} incomplete backups"))
    if sum(len(one.keys) for one in grouped) < len(by_key):
        known = {key for one in grouped for key in one.keys}
        skipped += [
            Skipped(key=key, reason="no part of an etcd backup")
            for key in by_key
            if key not in known
        ]
    return tuple(sorted(taken, key=lambda one: one.key.encode())), etcd, skipped
