"""Compares the present keys of clusters, in the state store at hand, with their snapshots.

Keys that a kops without kled has rotated or made may be in no trusted snapshot: nothing could bring
such a cluster back. A listing tells, by tags; an object is read only where its tag differs from the
snapshot's. One that is damaged by now is no newer key, and the snapshot has what it was.
`dockerconfig` does not count, since machines are not known by it.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from kled.errors import DocumentDamaged, KledError, ObjectMissing
from kled.kops.state_store import layout
from kled.operations.fleet.registered import all_prefixes
from kled.sentences import enumerated
from kled.storage.base import Entry, ObjectStore, oddity
from kled.storage.bounded import get_bounded, is_there
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest, ObjectRecord
    from kled.snapshot.repository import SnapshotRef
    from kled.snapshot.trust.judging import Judged
    from kled.snapshot.trust.ledger import Ledger
    from kled.snapshot.trust.origin import Origins
    from kled.snapshot.verify.verify import VerifyReport

_NAMED: Final = 3
_AT_ONCE: Final = 64
_MAY_CHANGE: Final = f"{layout.SECRETS}dockerconfig"
UnsnapshottedClusters = tuple[tuple[str, ...], tuple[str, ...]]
"""Clusters of which there is no snapshot: those with keys, and those that only are stored."""


@dataclass(frozen=True, slots=True)
class PresentKeys:
    """What the state store at hand tells of the clusters of a snapshot store."""

    lacking: Mapping[str, str] = field(default_factory=dict)
    """For each cluster, a phrase that says what its snapshot lacks, or has whole."""
    bare: tuple[str, ...] = ()
    """Clusters with keys that no snapshot has."""
    stored: tuple[str, ...] = ()
    """Clusters without a snapshot that were never applied, and so have no keys to lose."""
    unknown: str = ""
    """Why nothing is known; empty where it is known, or no state store is named."""


def look(
    origins: "Origins",
    newest: "Iterable[Manifest]",
    others: Callable[[], UnsnapshottedClusters] | None = None,
) -> PresentKeys:
    """Compare the newest trusted snapshot of each cluster with the stored keys. Only reads.

    A snapshot of another state store stands in where a cluster has none of its own. With `others`
    (`without_snapshot`) the clusters of the state store without a snapshot are told, too. Two LISTs
    for each cluster, and a listing that skips etcd's backups. A state store that does not answer is
    not an error: after a disaster it may be lost.
    """
    state = origins.ledger.state
    if state is None or not origins.ledger.state_answers:
        return PresentKeys()
    try:
        lacking, bare = _against(origins, state, newest)
        stored: tuple[str, ...] = ()
        if others is not None:
            more, stored = others()
            bare = (*bare, *more)
    except KledError as error:
        return PresentKeys(unknown=f"whether snapshots lack keys is not known: {error.message}")
    return PresentKeys(lacking, tuple(sorted(bare)), stored)


def remarks(
    origins: "Origins", listed: "Sequence[Judged]", *, said: bool
) -> "dict[SnapshotRef, tuple[str, ...]]":
    """Return the remarks on the newest trusted snapshot of each listed cluster.

    Where nothing is known the remark says so, unless that is `said` elsewhere.
    """
    from kled.snapshot.trust.settling import command_for  # noqa: PLC0415 - not for --help

    newest = _newest(origins.ledger, listed)
    keys = look(origins, (judged.manifest for judged in newest.values() if judged.manifest))
    told = {
        name: f"{lack}: {command_for(lack, name, newest[name].ref.id)}"
        for name, lack in keys.lacking.items()
    }
    told |= {name: say_unkept(name) for name in keys.bare}
    other = "" if said else keys.unknown
    return {
        judged.ref: (remark,)
        for cluster, judged in newest.items()
        if (remark := told.get(cluster, other))
    }


def proved_manifests(reports: "Iterable[VerifyReport]") -> "Iterator[Manifest]":
    """Yield the manifests of faultless snapshots; for others the report says more."""
    yield from (report.manifest for report in reports if report.manifest and report.trustworthy)


def is_latest(origins: "Origins", ref: "SnapshotRef") -> bool:
    """Say whether a recovery would begin with the snapshot; True where that is unknown."""
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415 - not for --help

    try:
        snapshots = origins.ledger.snapshots
        return make_choice(snapshots, ref.cluster, LATEST, origins=origins).ref == ref
    except KledError:
        return True


def _newest(ledger: "Ledger", listed: "Sequence[Judged]") -> "dict[str, Judged]":
    """Return the newest trusted snapshot of each cluster, its own or else one of another store."""
    newest: dict[str, Judged] = {}
    for cluster, group in groupby(listed, key=lambda judged: judged.ref.cluster):
        own = {judged.ref.id: judged for judged in group if judged.manifest is not None}
        if not all(judged.foreign for judged in own.values()):
            own = {name: judged for name, judged in own.items() if judged.trust.trusted}
        if own:
            newest[cluster] = own[ledger.oldest_first(cluster, own)[-1]]
    return newest


def say_lack(ledger: "Ledger", manifest: "Manifest") -> str:
    """Say which present keys a cluster's snapshot lacks, and which it has that are damaged now.

    Empty where neither is so. Raises as `entries`.
    """
    from kled.snapshot.trust.settling import DAMAGED_KEYS, LACKS_KEYS  # noqa: PLC0415

    if ledger.state is None:
        return ""
    differing = tuple(_differing(ledger.state, manifest))
    phrases = {
        DAMAGED_KEYS: tuple(key for key, is_damaged in differing if is_damaged),
        LACKS_KEYS: tuple(key for key, is_damaged in differing if not is_damaged),
    }
    return "; ".join(f"{said} {enumerated(keys, _NAMED)}" for said, keys in phrases.items() if keys)


def say_unkept(cluster: str) -> str:
    """Say that no snapshot has the keys of a cluster, and which command takes one."""
    from kled.snapshot.trust.settling import NO_SNAPSHOT, command_for  # noqa: PLC0415

    return f"{NO_SNAPSHOT} {command_for(NO_SNAPSHOT, cluster, '')}"


def _against(
    origins: "Origins", state: ObjectStore, newest: "Iterable[Manifest]"
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what clusters' own snapshots lack, and the clusters without one of their own."""
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.before_keys import has_keysets  # noqa: PLC0415

    own: dict[str, Manifest] = {}
    other: dict[str, Manifest] = {}
    for manifest in newest:
        if not _has_moved_on(origins, manifest):
            (other if origins.foreign(manifest) else own)[manifest.cluster] = manifest
    asked = {**other, **own}

    def ask(manifest: "Manifest") -> tuple[str, str]:
        return manifest.cluster, say_lack(origins.ledger, manifest)

    tasks = ((0, partial(ask, manifest)) for manifest in asked.values())
    told = {cluster: lack for cluster, lack in in_parallel(tasks, threads=_AT_ONCE) if lack}
    bare = tuple(cluster for cluster in told if cluster not in own and has_keysets(state, cluster))
    return {cluster: lack for cluster, lack in told.items() if cluster in own}, bare


def _has_moved_on(origins: "Origins", manifest: "Manifest") -> bool:
    """Say whether the cluster lives where the snapshot was taken, and no longer here."""
    url = manifest.state_store
    return not is_same(url, origins.ledger.here or "") and origins.lives_in(manifest.cluster, url)


def without_snapshot(ledger: "Ledger", snapshotted: Collection[str]) -> UnsnapshottedClusters:
    """Look for the clusters of the state store that are not among the `snapshotted`; only reads.

    A listing that skips etcd's backups. Raises what the state store raises; nobody is asked where
    it did not answer before.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.before_keys import has_keysets  # noqa: PLC0415

    state = ledger.state
    if state is None or not ledger.state_answers:
        return (), ()

    def ask(name: str) -> tuple[str, bool | None]:
        if has_keysets(state, name):
            return name, True
        return name, False if is_there(state, f"{name}/{layout.CONFIG}") else None

    names = (name for name in all_prefixes(state, snapshotted) if name not in snapshotted)
    answers = sorted(in_parallel(((0, partial(ask, name)) for name in names), threads=_AT_ONCE))
    return (
        tuple(name for name, applied in answers if applied),
        tuple(name for name, applied in answers if applied is False),
    )


def _differing(state: ObjectStore, manifest: "Manifest") -> Iterator[tuple[str, bool]]:
    """Yield the keysets and secrets whose stored bytes differ from the snapshot's.

    With each, whether it is damaged in the state store while the snapshot has it whole.
    """
    records = {record.key: record for record in manifest.objects}
    left = {skipped.key for skipped in manifest.skipped} | {_MAY_CHANGE}
    tags_tell = is_same(manifest.state_store, state.location.url)
    for entry in _stored(state, manifest.cluster):
        key = entry.key.removeprefix(f"{manifest.cluster}/")
        record = records.get(key)
        if key in left or (tags_tell and record is not None and record.tag == entry.tag):
            continue
        if record is None:
            yield key, False
        elif (body := _other_body(state, record, entry)) is not None:
            yield key, bool(manifest.level) and _is_damaged(manifest, key, body)


def _stored(state: ObjectStore, cluster: str) -> Iterator[Entry]:
    for below in (layout.KEYSETS, layout.SECRETS):
        for entry in state.entries(f"{cluster}/{below}"):
            if entry.unfit is None and oddity(entry.key) is None:
                yield entry


def _other_body(state: ObjectStore, record: "ObjectRecord", entry: Entry) -> bytes | None:
    """Return what is stored in place of the snapshot's object, empty where no document is as large.

    None for the same bytes, which written again change only the tag, and for what went meanwhile.
    """
    try:
        body = get_bounded(state, entry.key).body
    except ObjectMissing:
        return None
    except DocumentDamaged:
        return b""
    return None if hashlib.sha256(body).hexdigest() == record.sha256 else body


def _is_damaged(manifest: "Manifest", key: str, body: bytes) -> bool:
    """Say whether a stored keyset or secret is damaged, and has no key that the snapshot lacks."""
    from kled.kops.state_store import contents, keyset_keys  # noqa: PLC0415 - YAML, for few

    if not any(contents.material_findings(key, body)):
        return False
    kept = keyset_keys.certificates(manifest.keysets.values())
    return keyset_keys.certificates([keyset_keys.marks(body)]) <= kept
