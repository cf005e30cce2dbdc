"""The use cases of snapshots that are about many clusters at once: make, list, verify."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from kled import __version__
from kled.config import Settings
from kled.errors import KledError, SnapshotMissing
from kled.operations import stores
from kled.operations.recovery.restores_under_way import RestoresUnderWay
from kled.operations.snapshots import present_keys, verify_rows
from kled.operations.snapshots.kops_proof import birth_check, kops_check
from kled.operations.snapshots.remembered import require_whole

if TYPE_CHECKING:
    from kled.snapshot.create.results import ClusterResult, RunResult
    from kled.snapshot.progress import Progress
    from kled.snapshot.repository import SnapshotRef, SnapshotStore
    from kled.snapshot.trust.judging import Judged
    from kled.snapshot.trust.ledger import Ledger
    from kled.snapshot.trust.origin import Origins
    from kled.snapshot.verify.verify import VerifyReport
    from kled.storage.base import ObjectStore

BY = f"kled {__version__}"


def back_up(  # noqa: PLR0913 - what is taken, and how, each by its name
    opened: stores.Stores,
    clusters: Sequence[str] | None,
    *,
    progress: "Progress",
    retain_until: datetime | None = None,
    reuse: bool = True,
    settles: bool = False,
    before_change: bool = False,
    etcd_backups: int | None = 1,
    rotated: frozenset[str] = frozenset(),
) -> "RunResult":
    """Snapshot the named clusters, or all. Safe to repeat and to kill (`snapshot.create.create`).

    `etcd_backups` is how many complete backups of each etcd cluster to take; None takes all. The
    rest is that of `CreateOptions`.
    """
    from kled.snapshot.create.create import create  # noqa: PLC0415 - not for --help
    from kled.snapshot.create.results import CreateOptions  # noqa: PLC0415

    halfway = RestoresUnderWay(opened.state, clusters)
    done = create(
        opened.state,
        opened.snapshots,
        clusters,
        options=CreateOptions(
            BY,
            etcd_backups,
            retain_until,
            reuse,
            settles,
            before_change,
            birth_check(opened.settings),
            rotated,
            halfway,
        ),
        progress=progress,
    )
    return halfway.cured(done)


def with_cures(
    opened: stores.Stores, done: "RunResult", fallbacks: "Mapping[str, str | None]"
) -> "RunResult":
    """Return the run with what to type for each cluster that cannot be trusted.

    A run that knows its own cure keeps it. A GET for the manifest that it would be put back from:
    what that lacks, a restore leaves.
    """
    cured = (
        replace(one, cure=_cure(opened, one, fallbacks.get(one.cluster)))
        if one.reasons and not one.cure
        else one
        for one in done.clusters
    )
    return replace(done, clusters=tuple(cured))


def _cure(opened: stores.Stores, bad: "ClusterResult", good: str | None) -> str:
    from kled.snapshot.losses.other_secrets import told_on_purpose  # noqa: PLC0415
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415 - not for --help

    place = f"{opened.state.location.url}/{bad.cluster}"
    if good is None:
        return f"mend it in {place}: no snapshot of it can be trusted"
    back = f"kled snapshot restore --name={bad.cluster} --snapshot={good} --yes"
    try:
        kept = {
            one.key for one in opened.snapshots.manifest(SnapshotRef(bad.cluster, good)).objects
        }
    except KledError:  # it was read a moment ago
        kept = set()
    added = [key for key in _keys_named(bad.reasons) if kept and key not in kept]
    if added:
        return (
            f"look what {place}/{added[0]} is, and move it out: snapshot {good} does not have it;"
            f" what it has comes back with: {back}"
        )
    return f"mend it, or put back what was good: {back}{told_on_purpose(bad.cluster, bad.reasons)}"


def _keys_named(reasons: Sequence[str]) -> list[str]:
    """Return the objects that reasons begin with (`kops.state_store.contents.findings`)."""
    words = (reason.partition(" ")[0] for reason in reasons)
    return [word for word in words if "/" in word or word == "config"]


def newest_trusted(opened: stores.Stores, clusters: Sequence[str]) -> dict[str, str | None]:
    """Return the newest trusted snapshot of each cluster; None where there is none to be sure of.

    Raises nothing: what keeps it from knowing is no reason to hide what a run has done.
    """
    from kled.snapshot.choosing import LATEST, choice  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

    found: dict[str, str | None] = dict.fromkeys(clusters)
    try:
        ledger = read_ledger(opened.snapshots, opened.remembering) if clusters else None
    except KledError:
        return found
    for cluster in clusters:
        with contextlib.suppress(KledError):
            found[cluster] = choice(opened.snapshots, cluster, LATEST, ledger=ledger).ref.id
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """One snapshot as a list shows it."""

    cluster: str
    id: str
    created: datetime
    level: int | None = None
    objects: int | None = None
    size: int | None = None
    encrypted: bool | None = None
    fuzzy: bool | None = None
    kubernetes: str | None = None
    error: str | None = None
    """Why the manifest cannot be read."""
    trusted: bool = False
    reasons: tuple[str, ...] = ()
    """Why it cannot be trusted."""
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "id": self.id,
            "created": self.created.isoformat(),
            "level": self.level,
            "objects": self.objects,
            "bytes": self.size,
            "encrypted": self.encrypted,
            "fuzzy": self.fuzzy,
            "kubernetes": self.kubernetes,
            "trusted": self.trusted,
            "reasons": list(self.reasons),
            "remarks": list(self.remarks),
            "error": self.error,
        }


def listed(
    snapshots: "SnapshotStore", cluster: str | None, state: "ObjectStore | None" = None
) -> tuple[Listed, ...]:
    """Return the snapshots of one cluster or of all, oldest first; a damaged one says so.

    One of another state store than `state` whose cluster of that name is another says so, too.
    None at all is empty: a list is no promise, as a check, a prune or a mirror of nothing would be.
    """
    from kled.snapshot.trust.judging import judged, shelf  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    ledger = read_ledger(snapshots, state)
    origins = Origins(ledger)
    found = judged(snapshots, shelf(snapshots, cluster), ledger.named, origins)
    asked = origins if cluster is not None else None  # of all clusters that is a request for each
    told = present_keys.remarks(origins, found, said=cluster is None)
    return tuple(_row(one, asked, told.get(one.ref, ())) for one in found)


def worth(
    snapshots: "SnapshotStore", ref: "SnapshotRef", state: "ObjectStore | None" = None
) -> dict[str, object]:
    """Return what one snapshot is worth: level, trusted, reasons, and the proofs that stand.

    `state` is the state store at hand.
    """
    from kled.snapshot.documents.proofs import proofs  # noqa: PLC0415
    from kled.snapshot.trust.before_keys import speaks_against  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.judging import judge, shelf  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    ledger = read_ledger(snapshots, state)
    there, origins = shelf(snapshots, ref.cluster), Origins(ledger)
    found = judge(snapshots, ref, there, ledger.named, origins=origins, blobs=True)
    lacks: tuple[str, ...] = ()
    manifest = found.manifest
    if manifest is not None and not found.foreign:
        found = found.against(speaks_against(ledger, manifest))
        keys = present_keys.look(origins, [manifest])
        lacks = (*keys.lacking.values(), *filter(None, [keys.unknown]))
    standing = proofs(snapshots, found.manifest) if found.manifest else ()
    plain = [one.model_dump(mode="json") for one in standing]
    return {**found.trust.as_json(), "remarks": [*found.trust.remarks, *lacks], "proofs": plain}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a list of snapshots does not show."""

    words: tuple[str, ...]
    """Whose newest snapshot somebody removed, and what else is wrong with the store."""
    keys: present_keys.PresentKeys
    """The clusters of the state store that have no snapshot; empty for a list of one."""


def missing(
    snapshots: "SnapshotStore",
    found: Sequence[Listed],
    cluster: str | None,
    state: "ObjectStore | None" = None,
) -> Missing:
    """Say of which clusters the newest snapshot was removed, by somebody else than a prune.

    And what else is wrong with the store: a newer snapshot may be missing from the list. `state` is
    asked what it remembers, and which of its clusters have no snapshot.
    """
    from kled.snapshot.choosing import removed  # noqa: PLC0415 - not for --help
    from kled.snapshot.losses.losses import older_lost  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    ledger = read_ledger(snapshots, state)
    newest = {one.cluster: one.id for one in found}
    lost = dict(removed(snapshots, newest, ledger))
    keys = present_keys.look(Origins(ledger), (), None if cluster else {**newest, **lost})
    gone = (
        f'the newest snapshot of cluster "{name}", {one}, is not there any more, and no prune'
        " removed it"
        for name, one in lost.items()
        if cluster in {None, name}
    )
    older = older_lost(ledger, tuple(snapshots.list())) if cluster is None else ()
    bare = (f'cluster "{name}": {present_keys.unkept(name)}' for name in keys.bare)
    unknown = filter(None, [keys.unknown])
    words = (*gone, *ledger.doubts, *older, *ledger.findings, *bare, *ledger.remarks, *unknown)
    return Missing(words, keys)


def verify_many(
    settings: Settings,
    snapshots: "SnapshotStore",
    refs: Sequence["SnapshotRef"],
    *,
    level: int,
    progress: "Progress",
    ledger: "Ledger | None" = None,
) -> tuple["VerifyReport", ...]:
    """Check snapshots, several at once; in the order of `refs`. What is wrong is in the reports."""
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415
    from kled.snapshot.verify.verify import KOPS, verify  # noqa: PLC0415

    check = kops_check(settings) if level >= KOPS else None

    def one(ref: "SnapshotRef") -> "VerifyReport":
        report = verify(snapshots, ref, level=level, by=BY, kops_check=check, ledger=ledger)
        progress.done(clusters=1)
        return report

    progress.expect(clusters=len(refs))
    found = {
        report.ref: report
        for report in in_parallel(((0, partial(one, ref)) for ref in refs), threads=16)
    }
    return tuple(found[ref] for ref in refs)


def verified(
    settings: Settings,
    snapshots: "SnapshotStore",
    *,
    level: int,
    progress: "Progress",
    only: "SnapshotRef | None" = None,
    state: "ObjectStore | None" = None,
) -> list[dict[str, Any]]:
    """Check one snapshot, or the newest of every cluster and that none is lost; a row for each.

    A cluster that the newest run could not take, and that has no snapshot, has a row, too.

    An older snapshot that lost its archive has one.

    A row is cluster, id, wanted, level, trustworthy, findings, seconds, etcd, unproved; what is
    wrong with the store as a whole is one without cluster and id. `state` is asked what it
    remembers, and whether clusters have keys that their newest snapshot, or any, lacks. Raises
    `SnapshotMissing` where there is no snapshot at all.
    """
    from kled.snapshot.losses.losses import older_lost  # noqa: PLC0415
    from kled.snapshot.trust.judging import shelf  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415
    from kled.snapshot.trust.strays import newest_of_each  # noqa: PLC0415

    snapshots.require()
    ledger = read_ledger(snapshots, state)
    check = partial(verify_many, settings, snapshots, level=level, progress=progress, ledger=ledger)
    origins = Origins(ledger)
    if only is not None:
        return verify_rows.of_one(origins, check([only])[0])
    there = shelf(snapshots)
    present = there.refs
    gone = ledger.lost(present)
    if not present and not gone and not ledger.doubts:
        raise snapshots.nothing()
    newest, strays = newest_of_each(origins, present)
    reports, known = check(newest), {ref.cluster for ref in (*present, *gone)}
    keys = present_keys.look(origins, present_keys.proved(reports), known)
    rows = verify_rows.of_reports(origins, reports, keys)
    rows += [verify_rows.gone(ref) for ref in gone]
    rows += [verify_rows.stray(*one) for one in strays]
    rows += [verify_rows.stray(*one) for one in verify_rows.without_archive(ledger, there, newest)]
    rows += verify_rows.unsnapshotted(ledger, keys.bare)
    remarks = (*ledger.remarks, *filter(None, [keys.unknown]))
    wrong = (*ledger.doubts, *older_lost(ledger, present), *ledger.findings)
    return rows + ([verify_rows.wrong(wrong, remarks)] if wrong or remarks else [])


def state_of(opened: stores.Stores) -> str:
    """Say in words where the snapshot store is and how it is protected. Only reads.

    Reads every key that is named. Raises what is wrong with one of them, and `SnapshotMissing` or
    `SnapshotNotTrustworthy` where the state store remembers what is not there.
    """
    kept = opened.snapshots
    require_whole(opened)
    words = ["encrypted" if kept.sealer.encrypts else "NOT ENCRYPTED"]
    words.append(_signed(kept))
    words.append("can be opened here" if kept.opener.can_open else "no identity here")
    try:
        kept.require()
        words += [kept.root.finding] if kept.root.finding else []
    except SnapshotMissing:
        words.append("empty yet")
    return f"{kept.url}: {', '.join(words)}"


def _signed(kept: "SnapshotStore") -> str:
    """Say what signatures do here; raises `InvalidInput` for keys that do not fit."""
    keys = len(kept.verification_keys)
    if not keys:
        return "NOT SIGNED"
    checked = "signatures are checked" + (f" with {keys} keys" if keys > 1 else "")
    return checked if kept.keys.signing_key else f"{checked}, no signing key here"


def _row(judged: "Judged", origins: "Origins | None", told: tuple[str, ...]) -> Listed:
    ref, trust, manifest = judged.ref, judged.trust, judged.manifest
    if manifest is None:
        return Listed(
            ref.cluster, ref.id, ref.created, error=trust.reasons[0], reasons=trust.reasons
        )
    return Listed(
        ref.cluster,
        ref.id,
        ref.created,
        trust.level,
        len(manifest.objects),
        sum(one.size for one in manifest.objects),
        manifest.archive.encrypted,
        manifest.fuzzy,
        manifest.kubernetes_version,
        trusted=trust.trusted,
        reasons=trust.reasons,
        remarks=(*(origins.remarks(manifest) if origins else ()), *trust.remarks, *told),
    )
