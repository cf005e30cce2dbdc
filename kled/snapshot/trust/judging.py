"""Judging the snapshots of a store, by their manifests and the documents beside them.

One listing shows which snapshots and archives exist, and which later checks left a document; only
those documents are read.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import NamedTuple, TypeAlias

from kled.errors import KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store import layout
from kled.pool import Pool
from kled.snapshot.documents import names, proofs
from kled.snapshot.documents.manifest import Manifest, Payload
from kled.snapshot.parallel import in_parallel
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust import before_keys, order
from kled.snapshot.trust.origin import Origins
from kled.snapshot.trust.trust import Trust, trust_of, trust_of_unreadable


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing shows of the snapshots of one cluster, or of all."""

    refs: tuple[SnapshotRef, ...] = ()
    """By cluster and id."""
    archives: Mapping[str, int] = field(default_factory=dict)
    """Key to size."""
    checked: Mapping[SnapshotRef, frozenset[int]] = field(default_factory=dict)
    """The levels that have a document of a later check."""
    written: Mapping[SnapshotRef, datetime | None] = field(default_factory=dict)
    """When the store says that each manifest was written."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One snapshot, and whether it can be trusted."""

    ref: SnapshotRef
    trust: Trust
    manifest: Manifest | None = None
    """None where it cannot be read."""
    failed: bool = False
    """A check after its birth went wrong, and that stands; or a payload is not there."""
    altered: bool = False
    """What the store holds of it is not what was written: damaged, replaced, or removed in part."""
    foreign: str = ""
    """Of which other state store it is, in words; empty: it is of the cluster that is meant."""

    def against(self, why: str) -> "Judged":
        """Return it with a reason more not to trust it; as it is where that is empty."""
        if not why:
            return self
        return replace(self, trust=replace(self.trust, reasons=(*self.trust.reasons, why)))


def read_listing(snapshots: SnapshotStore, cluster: str | None = None) -> Listing:
    """List the snapshots of one cluster or of all, with what lies beside each; one LIST."""
    refs: list[SnapshotRef] = []
    archives: dict[str, int] = {}
    checked: dict[SnapshotRef, frozenset[int]] = {}
    written: dict[SnapshotRef, datetime | None] = {}
    prefix = names.cluster_prefix(cluster) if cluster else names.CLUSTERS
    for entry in snapshots.store.entries(prefix):
        name, _, beside = entry.key.removeprefix(names.CLUSTERS).partition("/")
        snapshot_id, _, file = beside.partition("/")
        if not (names.is_id(snapshot_id) and layout.is_cluster_name(name)):
            continue  # nobody could ask for it
        ref = SnapshotRef(name, snapshot_id)
        if file == names.MANIFEST:
            refs.append(ref)
            written[ref] = entry.modified
        elif file.startswith(names.ARCHIVE):
            archives[entry.key] = entry.size
        elif file.startswith(names.VERIFIED):
            checked[ref] = checked.get(ref, frozenset()) | _level(file)
    return Listing(tuple(refs), archives, checked, written)


def judge(
    snapshots: SnapshotStore,
    ref: SnapshotRef,
    listing: Listing,
    named: Collection[SnapshotRef] = (),
    *,
    origins: Origins | None = None,
    blobs: bool = False,
) -> Judged:
    """Return whether a snapshot can be trusted; damage is a reason, never raised.

    `there` is a listing that has it, `named` are those that the newest runs name, `origins` tells
    whose it is; without it any counts. A GET for the manifest and for each later check; with
    `blobs` also a LIST for each blob. Raises what may pass
    (`retryable`), and `SnapshotMissing` where it was removed meanwhile.
    """
    try:
        manifest = snapshots.manifest(ref)
        checked = listing.checked.get(ref, frozenset())
        ask = _ask_at_once if blobs else _ask
        later, foreign, lacking_blobs = ask(snapshots, manifest, checked, origins)
        lacking = [*_explain_lacking(manifest, listing), *lacking_blobs]
    except SnapshotMissing:
        raise
    except KledError as error:
        if error.retryable:
            raise
        return Judged(ref, trust_of_unreadable(error.message), altered=True)
    undated = ref not in named and order.is_ahead(ref.id, snapshots.now())
    trust = trust_of(manifest, later, lacking=lacking, undated=undated, foreign=foreign)
    failed, altered = bool(later.failed or lacking), bool(lacking)
    return Judged(ref, trust, manifest, failed=failed, altered=altered, foreign=foreign)


_Asked: TypeAlias = tuple[proofs.Later, str, list[str]]
"""Later checks, whose the snapshot is, and which blobs it lacks."""


def _ask(
    snapshots: SnapshotStore, manifest: Manifest, levels: Collection[int], origins: Origins | None
) -> _Asked:
    """Ask one after the other, and not for blobs: where many are judged they are asked for at once.

    That is what `judge_all` does.
    """
    return proofs.read_later(snapshots, manifest, levels), _whose(manifest, origins), []


def _ask_at_once(
    snapshots: SnapshotStore, manifest: Manifest, levels: Collection[int], origins: Origins | None
) -> _Asked:
    with Pool(2, "kled-judge") as pool:
        seeing = pool.submit(check_blobs, snapshots, manifest)
        asking = pool.submit(_whose, manifest, origins)
        later = proofs.read_later(snapshots, manifest, levels)
        foreign, seen = asking.result(), seeing.result()
    return later, foreign, sorted((*seen.gone, *seen.damaged))


def _whose(manifest: Manifest, origins: Origins | None) -> str:
    return origins.foreign(manifest) if origins is not None else ""


def judge_all(
    snapshots: SnapshotStore,
    listing: Listing,
    named: Collection[SnapshotRef] = (),
    origins: Origins | None = None,
) -> tuple[Judged, ...]:
    """Judge all that are listed, many at once, in the order of the listing.

    What was removed meanwhile is left out. Each is judged in the light of those after it: one from
    before its cluster was applied is no recovery point (`before_keys`), which `origins` tell where
    no later one does.
    """

    def look(ref: SnapshotRef) -> Judged | None:
        try:
            return judge(snapshots, ref, listing, named, origins=origins)
        except SnapshotMissing:
            return None

    judged = filter(None, in_parallel((0, partial(look, ref)) for ref in listing.refs))
    in_order = sorted(judged, key=lambda snapshot: snapshot.ref)
    return tuple(
        snapshot.against(_from_before_keys(same[at:], origins))
        for _, group in groupby(in_order, key=lambda snapshot: snapshot.ref.cluster)
        for same in (list(group),)
        for at, snapshot in enumerate(same)
    )


def _from_before_keys(oldest_first: Sequence[Judged], origins: Origins | None) -> str:
    """Say that the first of a cluster's snapshots is from before its keys, as those after tell."""
    first, manifests = oldest_first[0].manifest, [newer.manifest for newer in oldest_first[1:]]
    if first is None or not before_keys.lacks_keys(first):
        return ""
    same = (
        manifest
        for manifest in manifests
        if manifest is None or manifest.state_store == first.state_store
    )
    reason = before_keys.ask_newer(same)
    if reason or origins is None or oldest_first[0].foreign:
        return reason
    return before_keys.ask_state(origins.ledger.state, first.cluster)


def _level(file: str) -> frozenset[int]:
    digits = file.removeprefix(names.VERIFIED).removesuffix(".json")
    return frozenset({int(digits)} if digits in map(str, proofs.LEVELS) else ())


def find_lost_archives(
    snapshots: SnapshotStore, listing: Listing, after: str = ""
) -> tuple[tuple[SnapshotRef, str], ...]:
    """Return the snapshots later than the id `after` whose archives the listing lacks, with words.

    A GET for each without an archive of its own: it refers to an earlier one's, or lost it. One
    whose manifest cannot be read is left out.
    """
    own = {names.archive_of(key) for key in listing.archives}
    asked = [ref for ref in listing.refs if ref.id > after and (ref.cluster, ref.id) not in own]

    def look(ref: SnapshotRef) -> tuple[SnapshotRef, str] | None:
        try:
            manifest = snapshots.manifest(ref)
        except (SnapshotMissing, SnapshotNotTrustworthy):
            return None
        lacking = next(_explain_lacking(manifest, listing), "")
        return (ref, lacking) if lacking else None

    lost = in_parallel((0, partial(look, ref)) for ref in asked)
    return tuple(sorted(filter(None, lost)))


def _explain_lacking(manifest: Manifest, listing: Listing) -> Iterator[str]:
    archive = manifest.archive
    size = listing.archives.get(archive.key)
    if size is None:
        yield f"its archive {archive.key} is gone"
    elif size != archive.stored_size:
        yield f"its archive has {size} bytes, and its manifest says {archive.stored_size}"


class Blobs(NamedTuple):
    """What is wrong with the blobs of a snapshot, in words; each sorted."""

    gone: list[str]
    """Another snapshot writes them anew."""
    damaged: list[str]
    """They have another size, and nothing is ever written over them."""


def check_blobs(snapshots: SnapshotStore, manifest: Manifest) -> Blobs:
    """Say which blobs are gone, or have another size; a LIST for each."""

    def look(blob: Payload) -> tuple[Payload, int | None]:
        entries = snapshots.store.entries(blob.key)
        return blob, next((entry.size for entry in entries if entry.key == blob.key), None)

    sizes = sorted(
        in_parallel((0, partial(look, blob)) for blob in manifest.blobs),
        key=lambda seen: seen[0].key,
    )
    return Blobs(
        [f"its {blob.key} is gone" for blob, size in sizes if size is None],
        [
            f"its {blob.key} is damaged"
            for blob, size in sizes
            if size not in {None, blob.stored_size}
        ],
    )
