"""What a state store has of a cluster."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from kled.errors import BucketMissing
from kled.kops.state_store import contents, layout
from kled.kops.state_store import locations as places
from kled.kops.state_store.etcd_catalogue import Backup, EtcdCatalogue, catalogue
from kled.kops.state_store.layout import ObjectKind
from kled.pool import Pool
from kled.recovery.evidence import BackupLeft, StateLeft
from kled.recovery.facts import State
from kled.sentences import number
from kled.snapshot.create.making import find_definition_faults
from kled.snapshot.create.reading import Reader
from kled.snapshot.create.selection import Orphan, select
from kled.snapshot.losses.lost_keysets import lost_keysets
from kled.snapshot.progress import Quiet
from kled.snapshot.trust.ledger import Ledger
from kled.storage.base import Entry, ObjectStore


@dataclass(frozen=True, slots=True)
class StateSeen:
    """What a state store has of a cluster, and the objects of its definition."""

    left: StateLeft
    objects: Mapping[str, bytes] = field(default_factory=dict)
    """By relative key; small ones alone."""


HERE: Final = "the state store"
_BACKUPS: Final = "backups/etcd/"
_TRIED: Final = 3
"""How many backups of an etcd cluster are told, newest first: the newest may be damaged."""
_READ: Final = 16


def look_at_state(
    store: ObjectStore, cluster: str, ledger: Callable[[], Ledger | None] = lambda: None
) -> StateSeen:
    """Return what the store has of the cluster, judged as a snapshot of it would be.

    `ledger` returns that of the snapshot store, which tells of keys that are gone; None: nobody
    knows of any. One LIST, and a GET for each object of the definition. Raises what the store
    raises, but for a store that is not there.
    """
    url = store.location.url
    try:
        entries = list(store.entries(f"{cluster}/"))
    except BucketMissing:
        return StateSeen(StateLeft(url, "store-gone"))
    chosen = select(cluster, entries, 1)
    counts = Counter(layout.kind_of(entry.key.removeprefix(f"{cluster}/")) for entry in entries)
    etcds = tuple(list_etcd(entries, cluster))
    if isinstance(chosen, Orphan):
        remains = f"{number(len(entries), 'object')} left, and none of the definition"
        told = (remains,) if entries else ()
        return StateSeen(StateLeft(url, "gone", dict(counts), (), told, (), *_of_etcd(etcds)))
    with Pool(_READ) as requests:
        reader = Reader(store, chosen, requests, Quiet())
        reader.read()
        bodies = reader.picture(fuzzy=False).bodies
    wrong = [*find_definition_faults(chosen, bodies, url)]
    known = ledger()
    wrong += lost_keysets(known)(cluster, bodies, None, wrong) if known is not None else ()
    markers = tuple(lost_markers(etcds))
    left = StateLeft(
        url,
        _fact((*wrong, *markers), bodies),
        dict(counts),
        tuple(sorted(contents.groups(bodies))),
        (*wrong, *markers),
        _damaged(wrong, markers, bodies, (url, cluster)),
        *_of_etcd(etcds),
    )
    return StateSeen(left, bodies)


def _damaged(
    wrong: Sequence[str],
    markers: Sequence[str],
    bodies: Mapping[str, bytes],
    where: tuple[str, str],
) -> tuple[ObjectKind, ...]:
    """Return the kinds that something is wrong with; what names keys alone is identity."""
    url, cluster = where
    own = {key: body for key, body in bodies.items() if layout.kind_of(key) == "intent"}
    of_intent = {
        *contents.findings(own, cluster=cluster),
        *contents.definition_findings(bodies),
        *places.findings(_definition(bodies), places.root_of(url, cluster)),
    }
    kinds: list[ObjectKind] = []
    if markers:
        kinds.append("control")
    if any(finding not in of_intent for finding in wrong):
        kinds.append("identity")
    if any(finding in of_intent for finding in wrong):
        kinds.append("intent")
    return tuple(kinds)


def _definition(bodies: Mapping[str, bytes]) -> Mapping[str, Any]:
    return contents.mapping(bodies.get(layout.CONFIG, b"")) or {}


def list_etcd(entries: Sequence[Entry], cluster: str) -> Iterator[EtcdCatalogue]:
    """Yield what a listing of the cluster has of each etcd cluster, sorted by name."""
    root = f"{cluster}/{_BACKUPS}"
    below = (entry.key.removeprefix(root) for entry in entries if entry.key.startswith(root))
    for etcd in sorted({key.partition("/")[0] for key in below}):
        yield catalogue(etcd, entries, f"{root}{etcd}/")


def lost_markers(etcds: Sequence[EtcdCatalogue]) -> Iterator[str]:
    """Yield the control markers that are gone although etcd-manager has run.

    Without them a restarted control plane waits for ever, or begins an empty etcd.
    """
    for etcd in etcds:
        for marker in (etcd.created, etcd.spec):
            if etcd.backups and marker.state != "present":
                gone = "gone" if marker.state == "missing" else "empty"
                yield (
                    f"{_BACKUPS}{etcd.etcd}/control/{marker.name} is {gone}, and etcd-manager has"
                    " run: let no control plane machine restart before it is back"
                )


def _of_etcd(etcds: Sequence[EtcdCatalogue]) -> tuple[tuple[str, ...], tuple[BackupLeft, ...]]:
    """Return the control markers that are there, and the newest complete backups."""
    markers = tuple(
        f"{_BACKUPS}{etcd.etcd}/control/{marker.name}"
        for etcd in etcds
        for marker in (etcd.created, etcd.spec)
        if marker.state == "present"
    )
    complete = (islice((each for each in etcd.backups if each.complete), _TRIED) for etcd in etcds)
    return markers, tuple(_left(backup) for backups in complete for backup in backups)


def _left(backup: Backup) -> BackupLeft:
    return BackupLeft(backup.etcd, backup.name, backup.taken, HERE)


def _fact(wrong: Sequence[str], bodies: Mapping[str, bytes]) -> State:
    if wrong:
        return "damaged"
    applied = any(key.startswith(layout.KEYSETS) for key in bodies)
    applied = applied or any(key in bodies for key in (layout.KOPS_VERSION, *contents.COMPLETED))
    return "whole" if applied else "unapplied"
