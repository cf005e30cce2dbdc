"""The snapshot before a cluster is deleted: all of it, read back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kled.errors import (
    KopsMissing,
    NotApproved,
    SnapshotMissing,
    SnapshotNotTrustworthy,
)
from kled.kops.state_store import layout, locations
from kled.models.definition import Definition
from kled.operations.cluster import unregistration
from kled.operations.guards import elsewhere, left_of_deletion
from kled.operations.guards.taken_snapshot import advise_on_stores, take_snapshot, words
from kled.operations.session import Session
from kled.operations.step import ADDS_ONLY, Step
from kled.operations.stores import require_state_store
from kled.retry import CHANGE, READ

if TYPE_CHECKING:
    from kled.snapshot.create.results import ClusterResult
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.repository import SnapshotRef, SnapshotStore
    from kled.snapshot.verify.verify import VerifyReport

NAME: Final = "take the final snapshot"
ABSENT: Final = "there is nothing to snapshot any more"
TWIN: Final = "none: it was never applied here, and the snapshots of that name are another's"
HINT: Final = (
    "mend it or run this again; --no-snapshot deletes the cluster all the same, and the snapshot"
    " stays as it is"
)
_MAIN: Final = "main"
"""The etcd cluster with what people made; `events` and `cilium` fill themselves again."""


def final_step(cluster: str, *, forgets: bool = False) -> Step:
    """Keep all of the cluster with every etcd backup, and prove it, before it is deleted.

    Safe to repeat and to kill: a snapshot exists when its manifest does, and where nothing is new
    the newest one counts once it was read back. A cluster that is gone already has nothing to lose;
    after a killed deletion the snapshot before it holds what is left. Raises
    `SnapshotNotTrustworthy` where the snapshot could not bring the cluster back. Of a cluster that
    kops cannot read and that is only forgotten, the bytes are kept as they are.
    """

    def act(session: Session) -> str:
        with advise_on_stores():
            alone = elsewhere.is_forgotten_alone if forgets else elsewhere.is_twin
            if alone(session, cluster):
                return TWIN
            if (ends := _kept_before(session, cluster)) is not None:
                return ends
            result = take_snapshot(session, cluster, etcd_backups=None)
            if result is None:
                return ABSENT
            report = _read_back(session, _ref(result))
            if report is None or not report.trustworthy:
                result = take_snapshot(session, cluster, reuse=False, etcd_backups=None) or result
                report = _read_back(session, _ref(result))
            if forgets and _is_unreadable(session, cluster) and report and report.level is not None:
                return f"{words(session, result)}; the bytes as they are: kops cannot read them"
            _require_whole(result, report)
            etcd = _require_etcd(session, _ref(result))
            session.final = result.snapshot
        return f"{words(session, result)}; read back; {etcd}"

    policy = replace(READ, deadline=CHANGE.deadline)
    return Step(NAME, act, policy, way_back=ADDS_ONLY)


def require_inside(session: Session, stored: Definition) -> None:
    """Raise `NotApproved` where the deletion takes something that no snapshot holds."""
    state = require_state_store(session.settings)
    own = locations.path(locations.root_of(state, stored.name))
    for field, url in locations.named(stored):
        if not f"{locations.path(url)}/".startswith(f"{own}/"):
            raise NotApproved(
                f"{field} names {url}, outside of {state}/{stored.name}: kops deletes it, and no"
                " snapshot holds it",
                hint="copy it to a safe place, then --no-snapshot",
            )


def _is_unreadable(session: Session, cluster: str) -> bool:
    return isinstance(
        unregistration.look(session, cluster, unregister=True), unregistration.Unreadable
    )


def _kept_before(session: Session, cluster: str) -> str | None:
    """Return the snapshot with what a killed deletion has left, once it was read back."""
    ref = left_of_deletion.snapshot_with_the_rest(session, cluster)
    report = _read_back(session, ref) if ref else None
    if ref is None or report is None or not report.trustworthy:
        return None
    return (
        f"snapshot {ref.id} has all that a deletion left; read back; {_require_etcd(session, ref)}"
    )


def _read_back(session: Session, ref: "SnapshotRef") -> "VerifyReport | None":
    """Check every byte and, where this machine can decrypt it, the contents; None where it is gone.

    An earlier snapshot that still counts may be damaged or removed by now.
    """
    from kled.operations.snapshots.back_up import BY  # noqa: PLC0415
    from kled.operations.snapshots.kops_proof import kops_check  # noqa: PLC0415 - not for --help
    from kled.snapshot.verify.verify import DIGESTS, KOPS, verify  # noqa: PLC0415

    kept = session.snapshot_store
    level = KOPS if _can_open(kept) else DIGESTS
    check = kops_check(session.settings) if _drives_kops(session) else None
    try:
        return verify(kept, ref, level=level, by=BY, kops_check=check)
    except SnapshotMissing:
        return None


def _can_open(kept: "SnapshotStore") -> bool:
    return kept.opener.can_open or not kept.sealer.encrypts


def _ref(result: "ClusterResult") -> "SnapshotRef":
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415

    return SnapshotRef(result.cluster, result.snapshot or "")


def _drives_kops(session: Session) -> bool:
    try:
        return bool(session.kops)
    except KopsMissing:
        return False


def _require_whole(result: "ClusterResult", report: "VerifyReport | None") -> None:
    """Raise `SnapshotNotTrustworthy` where the snapshot could not bring the cluster back."""
    wrong = list(dict.fromkeys((*result.reasons, *(report.findings if report else ()))))
    if report is None:
        wrong.append("it was removed as soon as it was taken")
    if wrong:
        raise cannot_bring_back(wrong, result.cure)


def cannot_bring_back(wrong: Sequence[str], cure: str = "") -> SnapshotNotTrustworthy:
    """Return the refusal of a deletion after which no snapshot could bring the cluster back.

    `cure` is what to type, where the run that took the snapshot knows it.
    """
    return SnapshotNotTrustworthy(
        f"no snapshot of what is there now can bring the cluster back: {'; '.join(wrong)}",
        hint="; or ".join(filter(None, [cure, HINT])),
    )


def _require_etcd(session: Session, ref: "SnapshotRef") -> str:
    """Say which etcd backups are kept; raise where the newest one of `main` does not open."""
    kept = session.snapshot_store
    manifest = kept.manifest(ref)
    number = sum(layout.is_backup_data(record.key) for record in manifest.objects)
    if not number:
        return "there are no etcd backups"
    if not _can_open(kept):
        return f"{number} etcd backups copied, not opened: no identity here"
    broken = [_trouble(kept, manifest, etcd) for etcd in sorted(manifest.etcd_backups)]
    return "; ".join([f"{number} etcd backups copied", *filter(None, broken)])


def _trouble(kept: "SnapshotStore", manifest: "Manifest", etcd: str) -> str | None:
    """Open the newest backup of an etcd cluster; say what is wrong with it, or raise."""
    from kled.snapshot.etcd import inspect  # noqa: PLC0415
    from kled.snapshot.verify.contents import blob_file  # noqa: PLC0415

    newest = f"/{etcd}/{manifest.etcd_backups[etcd][0]}/"
    blobs = {blob.sha256: blob for blob in manifest.blobs}
    (data,) = (
        record
        for record in manifest.objects
        if newest in record.key and layout.is_backup_data(record.key)
    )
    try:
        with blob_file(kept, blobs[data.sha256]) as file:
            file.seek(0)
            inspect(iter(lambda: file.read(1 << 20), b""))
    except SnapshotNotTrustworthy as error:
        if etcd != _MAIN:
            return f"the newest of {etcd} DOES NOT OPEN: {error.message}"
        raise SnapshotNotTrustworthy(
            f"the newest backup of etcd, {data.key}, does not open: {error.message}",
            hint=f"a living cluster makes one every 15 minutes: run this again then; {HINT}",
        ) from error
    return None


def kept_options(session: Session, cluster: str) -> dict[str, object]:
    """Return the restore options that name the snapshot which a deletion kept. Only reads.

    That is `latest`, else the newest by its id: a cluster without a trusted snapshot may be
    unregistered, too.
    """
    from kled.snapshot.choosing import walk_newest_first  # noqa: PLC0415 - not for --help

    newest = None
    for judged in walk_newest_first(session.snapshot_store, cluster, session.stores.remembering):
        if judged.trust.trusted:
            return {"snapshot": "latest"}
        newest = newest or judged.ref.id
    return {"snapshot": newest, "untrusted": True} if newest else {"snapshot": "latest"}
