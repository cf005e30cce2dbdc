"""Choosing from a listing of the state store what a snapshot takes of each cluster.

Pure: listings go in, `Selection`s come out. A directory of the state store is a cluster where it
holds `config`, or other objects that only a cluster has; `.kled/` is kled's own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby
from typing import Final, NamedTuple

from kled.kops.state_store import layout
from kled.kops.state_store.contents import is_read
from kled.snapshot.documents.manifest import Skipped, listing_digest
from kled.storage.base import Entry, oddity
from kled.visible import visible

LARGE: Final = 4 << 20
"""Larger objects are blobs of their own."""
TOGETHER: Final = 32 << 20
"""So are the largest of the others, where all of them are more: a cluster has about 1 MB."""
_OWN: Final = ".kled"
_BACKUPS: Final = "backups/etcd/"


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
    odd: tuple[Skipped, ...] = ()
    """Those of the skipped that no snapshot can hold: by their keys, or because they are links and
    the like; kops makes none such."""
    linked: tuple[str, ...] = ()
    """Files that have another name, too (hard links): they are taken, and that is said."""

    lost: bool = False
    """The cluster's own definition is gone: these are what only a cluster has, without it."""
    unread: tuple[Skipped, ...] = ()
    """Those of the odd ones in whose place kops reads an object, so that one is missing here."""

    @property
    def definition_digest(self) -> str:
        """The digest that decides whether the archive is made anew."""
        return listing_digest((entry.key, entry.size, entry.tag) for entry in self.definition)

    @property
    def etcd_digest(self) -> str:
        """The digest of the chosen etcd backups."""
        return listing_digest((backup.key, backup.size, backup.tag) for backup in self.backups)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is taken."""
        return (*self.definition, *self.backups)

    @property
    def held(self) -> frozenset[str]:
        """The keys of what is read into memory: no large ones, and the smallest of the others."""
        small = sorted((entry.size, entry.key) for entry in self.entries if entry.size <= LARGE)
        ends = accumulate(size for size, _ in small)
        return frozenset(key for (_, key), end in zip(small, ends, strict=True) if end <= TOGETHER)

    @property
    def last_change(self) -> datetime | None:
        """When the definition was last written, where the store tells."""
        return max((entry.modified for entry in self.definition if entry.modified), default=None)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A directory of the state store that holds no cluster, or what is left of a deleted one."""

    name: str
    objects: int
    unfit: str | None = None
    """What stands in the place of the directory, where that is none."""


_UNFIT: Final = "it is "
"""How the reason begins where the key is one of kops', and what stands there is no object."""


def _why_strange(key: str, unfit: str | None) -> str | None:
    """Say why no snapshot can hold an object; None where it can."""
    strange = oddity(key)
    if strange is not None:
        return f"its key has {strange}"
    return f"{_UNFIT}{unfit}, which is neither followed nor opened" if unfit else None


def select(cluster: str, entries: Iterable[Entry], backups: int | None) -> Selection | Orphan:
    """Choose from the listing of one cluster; keys of entries begin with `<cluster>/`.

    `backups` is how many complete etcd backups of each etcd cluster to take; None takes all. What
    is left of a cluster that lost its definition is chosen, too: it may be its only keys.
    """
    listing = _sort_out(cluster, entries)
    if not listing.defined and not listing.lost:
        return Orphan(cluster, listing.listed)
    definition, markers = _drop_markers(listing.definition)
    backups_by_name = listing.backups
    chosen = {
        etcd: _choose_backups(etcd, backups_by_name[etcd], backups)
        for etcd in sorted(backups_by_name)
    }
    start = len(cluster) + 1
    taken = [_make_relative(entry, start) for pick in chosen.values() for entry in pick.entries]
    left = (left for pick in chosen.values() for left in pick.skipped)
    return Selection(
        cluster,
        tuple(definition),
        tuple(sorted(taken, key=lambda entry: entry.key.encode())),
        {etcd: pick.names for etcd, pick in chosen.items()},
        (*listing.skipped, *markers, *listing.odd, *left),
        listing.listed,
        tuple(listing.odd),
        tuple(entry.key for entry in (*definition, *taken) if entry.links > 1),
        lost=not listing.defined,
        unread=tuple(
            skipped
            for skipped in listing.odd
            if skipped.reason.startswith(_UNFIT) and is_read(skipped.key)
        ),
    )


class _Listing(NamedTuple):
    """The listing of one cluster by what becomes of each object."""

    definition: list[Entry]
    backups: dict[str, dict[str, list[Entry]]]
    """By etcd cluster and name; whole keys."""
    skipped: list[Skipped]
    odd: list[Skipped]
    listed: int
    defined: bool
    """Whether it has a definition."""
    lost: bool
    """Whether it has what only a cluster has."""


def _sort_out(cluster: str, entries: Iterable[Entry]) -> _Listing:
    start, listed = len(cluster) + 1, 0
    definition: list[Entry] = []
    backups: dict[str, dict[str, list[Entry]]] = {}
    skipped: list[Skipped] = []
    odd: list[Skipped] = []
    defined = lost = False
    for entry in entries:  # a run looks at every object of a fleet: what is not taken is not copied
        listed += 1
        key = entry.key[start:]
        defined = defined or key == layout.CONFIG  # be it a link
        lost = lost or layout.is_of_a_cluster(key)
        strange = _why_strange(key, entry.unfit)
        if strange is not None:
            odd.append(Skipped(key=visible(key), reason=strange))
            continue
        place = layout.backup_place(key)
        if place is not None:
            backups.setdefault(place[0], {}).setdefault(place[1], []).append(entry)
            continue
        reason = _why_left_out(key)
        if reason is None:
            definition.append(_make_relative(entry, start))
        else:
            skipped.append(Skipped(key=key, reason=reason))
    return _Listing(definition, backups, skipped, odd, listed, defined, lost)


def select_fleet(
    entries: Iterable[Entry], backups: int | None
) -> Iterator[tuple[int, Selection | Orphan]]:
    """Choose from one listing of a whole state store, cluster by cluster, in bounded memory.

    Yields the number of entries before the cluster's first one, too.
    """
    position = 0
    for name, group in groupby(entries, key=lambda entry: entry.key.partition("/")[0]):
        first, *others = group
        listed = [other for other in (first, *others) if "/" in other.key]
        before = position
        position += len(listed) or 1
        if name == _OWN or not (listed or first.unfit):
            continue
        if not listed:  # kops takes a link to a directory for one
            yield before, Orphan(visible(name), 0, first.unfit)
        elif layout.is_cluster_name(name):
            yield before, select(name, listed, backups)
        else:  # kops takes `.git/config` for a cluster, too, and then cannot read it
            yield before, Orphan(visible(name), len(listed))


def replace_backups(
    chosen: Selection, etcd: str, entries: Iterable[Entry], names: Sequence[str], damaged: int
) -> Selection:
    """Return the selection with these backups of one etcd cluster in place of those it has.

    `entries` are all that is listed below the etcd cluster, with whole keys; `damaged` is how many
    were left out because they are.
    """
    backups = group_backups(chosen.cluster, entries)
    place = f"{_BACKUPS}{etcd}/"
    complete = [name for name in backups if layout.is_complete(file.key for file in backups[name])]
    kept = [backup for backup in chosen.backups if not backup.key.startswith(place)]
    taken = [file for name in names for file in backups[name]]
    left = _describe_left(place, len(complete) - len(names) - damaged, len(backups) - len(complete))
    if damaged:
        left.append(Skipped(key=place, reason=f"{damaged} older backups that are damaged"))
    return replace(
        chosen,
        backups=tuple(sorted((*kept, *taken), key=lambda entry: entry.key.encode())),
        etcd={**chosen.etcd, etcd: tuple(names)},
        skipped=(*(skipped for skipped in chosen.skipped if skipped.key != place), *left),
    )


def group_backups(cluster: str, entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return the files of each backup of one etcd cluster by its name, relative to the cluster."""
    backups: dict[str, list[Entry]] = {}
    for entry in entries:
        relative = _make_relative(entry, len(cluster) + 1)
        place = layout.backup_place(relative.key)
        if place is not None and _why_strange(relative.key, entry.unfit) is None:
            backups.setdefault(place[1], []).append(relative)
    return backups


class _Pick(NamedTuple):
    """What is taken of one etcd cluster's backups."""

    names: tuple[str, ...]
    entries: list[Entry]
    skipped: list[Skipped]


def _drop_markers(entries: Sequence[Entry]) -> tuple[list[Entry], list[Skipped]]:
    """Leave out empty objects that are named as a directory is: consoles and Azure make them."""
    folders: set[str] = set()
    for entry in entries:
        folder = entry.key.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    kept, skipped = [], []
    for entry in entries:
        if entry.size == 0 and entry.key in folders:
            skipped.append(Skipped(key=entry.key, reason="marker of a directory"))
        else:
            kept.append(entry)
    return kept, skipped


def _why_left_out(key: str) -> str | None:
    """Say why an object that is no etcd backup is not taken; None where it is."""
    kind = layout.kind_of(key)
    if kind == "etcd-backup":
        return "no part of an etcd backup"
    if kind == "control" and not layout.is_marker(key):
        return "live control state of etcd-manager, never restored"
    return None


def _choose_backups(etcd: str, backups: Mapping[str, Sequence[Entry]], wanted: int | None) -> _Pick:
    """Take the newest complete ones; their names sort by age."""
    complete = [
        name
        for name in sorted(backups, reverse=True)
        if layout.is_complete(file.key for file in backups[name])
    ]
    chosen = complete if wanted is None else complete[:wanted]
    place = f"{_BACKUPS}{etcd}/"
    skipped = _describe_left(place, len(complete) - len(chosen), len(backups) - len(complete))
    return _Pick(tuple(chosen), [file for name in chosen for file in backups[name]], skipped)


def _describe_left(place: str, older: int, halves: int) -> list[Skipped]:
    counted = ((older, "older backups"), (halves, "incomplete backups"))
    return [Skipped(key=place, reason=f"{number} {reason}") for number, reason in counted if number]


def _make_relative(entry: Entry, start: int) -> Entry:
    return Entry(
        entry.key[start:], entry.size, entry.tag, entry.modified, entry.version, None, entry.links
    )
