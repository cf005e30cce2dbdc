"""Keys that a cluster has lost, so that its snapshot must not become the newest trusted one.

A keyset of the same name that shares no key with the earlier one counts as lost. Of the secrets,
those count that the cluster lives by; people may remove others.

A definition that somebody stored again in place of a lost one was never applied, and is complete
without keysets. If its snapshot were trusted, `latest` would restore it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store import contents, identity, layout
from kled.sentences import enumerated
from kled.snapshot.choosing import LATEST, make_choice
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.documents.runs import ENDED
from kled.snapshot.epoch import epoch
from kled.snapshot.losses.lost_etcd import lost_etcd
from kled.snapshot.losses.moved_etcd import find_moved_etcd
from kled.snapshot.losses.other_keysets import other_keysets
from kled.snapshot.losses.other_secrets import OTHER, OTHER_KEYS, other_secrets
from kled.snapshot.trust.ledger import Ledger

FindLost = Callable[[str, Mapping[str, bytes], Manifest | None, Sequence[str]], Iterator[str]]
"""Is given a cluster, its objects, the manifest that is built on, and earlier findings."""
_SHOWN: Final = 4
_WORDS: Final = re.compile(r"[ ,;]+")


def lost_keysets(ledger: Ledger, rotated: frozenset[str] = frozenset()) -> FindLost:
    """Return what names the keysets and secrets that the cluster lacks, or that are another's.

    It asks the store only where the manifest that is built on is none that can be trusted, or
    where a keyset differs (`other_keysets`), and the epoch only where something is wrong: a cluster
    that was deleted took its keysets along, and one that began anew left them behind. Secrets that
    were `rotated` on purpose may have other values.
    """

    def findings(
        cluster: str, objects: Mapping[str, bytes], earlier: Manifest | None, told: Sequence[str]
    ) -> Iterator[str]:
        before = find_reference(ledger, cluster, earlier)
        others = other_keysets(ledger.snapshots, before, objects, cluster, ledger.state)
        if others.of_machines:
            yield (
                f"{OTHER_KEYS} those that the cluster's machines run with:"
                f" {_name_some(others.of_machines)}"
            )
        for name, other in sorted(others.of_neighbours.items()):
            yield f"{OTHER_KEYS} before, and cluster {other} lives by one that was added: {name}"
        if before is None:
            return
        had, where = [record.key for record in before.objects], "are gone from the state store"
        gone = contents.keyset_names(had) - contents.keyset_names(objects)
        gone -= {word for finding in told for word in _WORDS.split(finding)}
        etcd = (
            *lost_etcd(ledger.snapshots, before, objects),
            *_name_moved(ledger, before, objects, told),
        )
        wrong: Mapping[str, Collection[str]] = {
            f"keysets of snapshot {before.id} {where}": gone,
            f"secrets of snapshot {before.id} {where}": _needed_secrets(had, objects),
            f"{OTHER_KEYS} in snapshot {before.id}": others.of_snapshot,
        }
        values = other_secrets(before, objects, rotated)
        if not (etcd or values or any(wrong.values())) or was_deleted(ledger, before):
            return
        yield from (f"{finding} (snapshot {before.id})" for finding in etcd)
        yield from (f"{finding}: {_name_some(names)}" for finding, names in wrong.items() if names)
        if values:  # all of them: the command that says it was meant names each
            yield f"{OTHER} {before.id}: {', '.join(values)}"

    return findings


def _name_moved(
    ledger: Ledger, before: Manifest, objects: Mapping[str, bytes], told: Sequence[str]
) -> Iterator[str]:
    """Yield the members of etcd that moved to another zone, but for those that are told of."""
    for member in map(str, find_moved_etcd(ledger.snapshots, before, objects)):
        if not any(member in finding for finding in told):
            yield f"the definition keeps {member}"


def _needed_secrets(had: Iterable[str], objects: Mapping[str, bytes]) -> frozenset[str]:
    """Return the secrets that stood at `had`, are gone, and that the cluster lives by."""
    definition = contents.mapping(objects.get(layout.CONFIG, b"")) or {}
    gone = (key for key in had if key.startswith(layout.SECRETS) and key not in objects)
    names = (key.removeprefix(layout.SECRETS) for key in gone)
    return frozenset(name for name in names if identity.needs_secret(definition, name))


def _name_some(names: Iterable[str]) -> str:
    return enumerated(sorted(names), _SHOWN)


def find_reference(ledger: Ledger, cluster: str, earlier: Manifest | None) -> Manifest | None:
    """Return what the cluster's state is held against: the newest snapshot to trust, if any.

    `earlier` is the manifest that is built on; where it is sound itself nothing is asked for.
    """
    entry = ledger.entry(cluster)
    if entry is None or not entry.snapshot or entry.error == ENDED:
        return None
    if earlier is not None and earlier.level and not earlier.findings:
        return earlier
    try:
        newest = make_choice(ledger.snapshots, cluster, LATEST, ledger=ledger).ref
        return ledger.snapshots.manifest(newest)
    except (SnapshotMissing, SnapshotNotTrustworthy):
        return None


def was_deleted(ledger: Ledger, before: Manifest) -> bool:
    """Say whether the cluster of a snapshot was deleted since: what is there now is another one."""
    known = epoch.read(ledger.snapshots, before.cluster)
    return known is not None and (
        epoch.has_ended(known, before.state_store)
        or epoch.is_past(known, before.id, before.state_store)
    )
