"""Which backups of etcd a cluster has, how old they are, and whether its control markers are there.

etcd-manager writes a backup as two objects, the database first and its description last, and names
it by the time of the machine that wrote it (facts of the state-store layout). A name is a machine's
word and a store's date is that of the last write, so a backup was taken at the earlier of both: a
copied one has a late date, and one of a machine whose clock is ahead has a late name. Pure: the
clock and the listing are arguments.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from kled import durations
from kled.kops.facts.etcd_members import Document, rows
from kled.kops.state_store import layout

INTERVAL: Final = timedelta(minutes=15)
"""How often etcd-manager takes a backup where a definition names no `backupInterval`."""
WRITING: Final = timedelta(minutes=5)
"""How long the two objects of one backup may take to be written."""
AHEAD: Final = timedelta(minutes=5)
"""How far clocks may differ before a name in the future is told."""
_NAMED: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)-\d{6}")
_CONTROL: Final = "control"
_FILE_PARTS: Final = 2  # <backup>/<file>
_COMMAND_PARTS: Final = 3  # control/<time>/_command.json
_COMMAND: Final = "_command.json"


class Listed(Protocol):
    """A line of a listing, as `kled.storage.base.Entry` is one."""

    @property
    def key(self) -> str:
        """Where it is."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def modified(self) -> datetime | None:
        """When it was written, by the store's clock."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of one etcd cluster."""

    etcd: str
    name: str
    """A directory below the etcd cluster's place, such as `2026-11-24T23:45:00Z-000075`."""
    named: datetime | None
    """When it was taken by the clock of the machine that took it; None: its name is no time."""
    written: datetime | None
    """When its last object was written, by the store's clock; None: the store does not tell."""
    size: int
    """Bytes of the packed database; 0 where it is not there."""
    lacks: tuple[str, ...] = ()
    """Which of its two objects are not there, or empty; nothing: it is complete."""

    @property
    def complete(self) -> bool:
        """Whether etcd-manager could restore it, as far as a listing tells."""
        return not self.lacks

    @property
    def taken(self) -> datetime | None:
        """When it was taken: the earlier of its name and its date; None where neither tells."""
        return min(filter(None, (self.named, self.written)), default=None)

    def age(self, now: datetime) -> timedelta | None:
        """Return how old it is, never less than nothing; None where nothing tells."""
        return None if self.taken is None else max(now - self.taken, timedelta(0))

    def is_ahead(self, now: datetime) -> bool:
        """Whether its name lies in the future: the clock of a machine was, or this one is behind.

        One that is older by its name than by its date, as a copy is, is no such thing.
        """
        return self.named is not None and self.named - now > AHEAD

    def is_halfway(self, now: datetime) -> bool:
        """Whether it was begun and not ended, and is too old to be still on its way."""
        age = self.age(now)
        return bool(self.lacks) and (age is None or age > WRITING)


@dataclass(frozen=True, slots=True)
class Marker:
    """One of the two control objects that etcd-manager lives by."""

    name: str
    """`etcd-cluster-created` or `etcd-cluster-spec`."""
    state: Literal["present", "empty", "missing"]
    written: datetime | None = None


@dataclass(frozen=True, slots=True)
class EtcdCatalogue:
    """What lies in the place of one etcd cluster (main, events, cilium)."""

    etcd: str
    backups: tuple[Backup, ...]
    """Newest first, by the time at which each was taken; those that nothing dates come last."""
    created: Marker
    spec: Marker
    commands: tuple[str, ...] = ()
    """Commands that wait for etcd-manager, such as a restore, by their keys in the place."""

    @property
    def newest(self) -> Backup | None:
        """The newest complete backup; None where there is none."""
        return next((backup for backup in self.backups if backup.complete), None)

    def halfway(self, now: datetime) -> tuple[Backup, ...]:
        """Return the backups that were begun and never ended, newest first."""
        return tuple(backup for backup in self.backups if backup.is_halfway(now))

    @property
    def has_run(self) -> bool:
        """Whether etcd-manager has ever written here: kops writes the spec before it runs."""
        return bool(self.backups) or self.created.state != "missing"


def catalogue(etcd: str, listing: Iterable[Listed], place: str = "") -> EtcdCatalogue:
    """Return what `listing` has of one etcd cluster; keys begin with `place`, others are ignored.

    `place` ends with a slash, or is empty where keys are relative to the etcd cluster's place.
    """
    backups: dict[str, list[tuple[str, Listed]]] = {}
    control: dict[str, Listed] = {}
    for entry in listing:
        if not entry.key.startswith(place):
            continue
        first, *rest = entry.key.removeprefix(place).split("/")
        if first == _CONTROL:
            control["/".join(rest)] = entry
        elif len(rest) == _FILE_PARTS - 1:
            backups.setdefault(first, []).append((rest[0], entry))
    dated = (_backup(etcd, name, files) for name, files in backups.items())
    return EtcdCatalogue(
        etcd,
        tuple(sorted(dated, key=_by_age, reverse=True)),
        _marker(layout.CREATED_MARKER, control),
        _marker(layout.SPEC_MARKER, control),
        tuple(sorted(_commands(control))),
    )


def intervals(document: Document) -> Mapping[str, timedelta]:
    """Return how often each etcd cluster of a definition is backed up.

    What a definition names unreadably counts as kops' default.
    """
    return {name: _interval(etcd) for name, etcd in rows(document)}


def _interval(etcd: Mapping[str, object]) -> timedelta:
    manager = etcd.get("manager")
    named = manager.get("backupInterval") if isinstance(manager, Mapping) else None
    try:
        return durations.parse(str(named)) or INTERVAL if named else INTERVAL
    except ValueError:
        return INTERVAL


def _backup(etcd: str, name: str, files: list[tuple[str, Listed]]) -> Backup:
    sizes = {file: entry.size for file, entry in files}
    match = _NAMED.fullmatch(name)
    return Backup(
        etcd,
        name,
        _moment(match[1]) if match else None,
        max((entry.modified for _, entry in files if entry.modified), default=None),
        sizes.get(layout.BACKUP_DATA, 0),
        tuple(file for file in (layout.BACKUP_DATA, layout.BACKUP_META) if not sizes.get(file)),
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None


def _by_age(backup: Backup) -> tuple[bool, datetime, str]:
    taken = backup.taken
    return taken is not None, taken or datetime.min.replace(tzinfo=UTC), backup.name


def _marker(name: str, control: Mapping[str, Listed]) -> Marker:
    entry = control.get(name)
    if entry is None:
        return Marker(name, "missing")
    return Marker(name, "present" if entry.size else "empty", entry.modified)


def _commands(control: Mapping[str, Listed]) -> Iterator[str]:
    for key in control:
        parts = key.split("/")
        if len(parts) == _COMMAND_PARTS - 1 and parts[-1] == _COMMAND:
            yield f"{_CONTROL}/{key}"
