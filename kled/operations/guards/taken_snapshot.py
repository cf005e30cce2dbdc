"""The snapshot within an operation: taking it, describing it, and the way on where it fails."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kled.errors import ClusterNotFound, SnapshotMissing, SnapshotNotTrustworthy, StoreError
from kled.operations.instance_group import lost_groups
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.create.results import ClusterResult

_REFUSED: Final = (
    "a change begins with a snapshot, which has to be written there: mend that (kled doctor tries"
    " it), or go without one in an emergency: --no-snapshot"
)
_UNREACHABLE: Final = (
    "no cluster is changed while its snapshot store cannot be asked; in an emergency:"
    " --no-epoch --no-snapshot"
)


def take_snapshot(
    session: Session,
    cluster: str,
    *,
    reuse: bool = True,
    etcd_backups: int | None = 1,
    refuses: bool = True,
    rotated: frozenset[str] = frozenset(),
) -> "ClusterResult | None":
    """Return the snapshot of what is stored now; None where there is no such cluster.

    Raises `SnapshotNotTrustworthy` where the snapshot store is empty though something was written
    there and, with `refuses`, where it may have lost snapshots; without `refuses` the result says
    so. `rotated` secrets were changed on purpose.
    """
    from kled.operations.snapshots.back_up import back_up  # noqa: PLC0415
    from kled.snapshot.progress import Quiet  # noqa: PLC0415

    try:
        result = back_up(
            session.stores,
            [cluster],
            progress=Quiet(),
            reuse=reuse,
            before_change=refuses,
            etcd_backups=etcd_backups,
            rotated=rotated,
        )
    except SnapshotMissing as error:
        raise refusal_of_empty_store(error) from error
    if isinstance(result.clusters[0].error, ClusterNotFound):
        return None
    return replace(result.require().clusters[0], of_store=result.findings)


def refusal_of_empty_store(error: SnapshotMissing) -> SnapshotNotTrustworthy:
    """Return the refusal of a change before which the snapshot store turns out to be empty."""
    return SnapshotNotTrustworthy(
        f"no change begins while that is so: {error.message}",
        hint=f"{error.hint}; in an emergency: --no-epoch --no-snapshot",
    )


@contextmanager
def advise_on_stores() -> Iterator[None]:
    """Add to an error of a store what to mend, and how to go on without a snapshot."""
    try:
        yield
    except StoreError as error:
        if error.retryable:
            error.advise(_UNREACHABLE)
        error.with_hint(error.hint or _REFUSED)
        raise


def words(session: Session, result: "ClusterResult") -> str:
    """Say which snapshot it is, and what is wrong with it."""
    kept = "nothing is new since" if result.reused else "snapshot"
    wrong = f"; IT CANNOT BE TRUSTED: {'; '.join(result.reasons)}" if result.reasons else ""
    odd = "".join(f"; {said}" for said in result.findings if said not in result.reasons)
    of_store = (
        f"; THE SNAPSHOT STORE MAY HAVE LOST SNAPSHOTS: {'; '.join(result.of_store)}"
        if result.of_store
        else ""
    )
    sealed = "" if session.settings.snapshot_profile.recipients else "; NOT ENCRYPTED"
    return f"{kept} {result.snapshot} (level {result.level}){wrong}{odd}{of_store}{sealed}"


def require_trusted(session: Session, result: "ClusterResult") -> None:
    """Raise `SnapshotNotTrustworthy` where the snapshot could not bring the cluster back."""
    if result.reasons:
        session.note(f"what is there now is in snapshot {result.snapshot}, which is not trusted")
        raise no_way_back(session, result.cluster, result.reasons, result.cure)


def no_way_back(
    session: Session, cluster: str, reasons: Sequence[str], cure: str = ""
) -> SnapshotNotTrustworthy:
    """Return the refusal of a change that no snapshot could take back.

    `cure` is what to type, where the run that took the snapshot knows it. Where the definition of
    an instance group was lost, that one is put back alone: a whole restore would take later edits
    away.
    """
    from kled.snapshot.choosing import way_back  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.trust import sum_up  # noqa: PLC0415

    lost = lost_groups.remark(session, cluster)
    if lost.startswith(lost_groups.LOST):
        mend = lost
    else:
        kept, remembering = session.snapshot_store, session.stores.remembering
        back = cure or f"go back: {way_back(kept, cluster, state=remembering)}"
        mend = f"mend its state first, or {back}"
    return SnapshotNotTrustworthy(
        f"no snapshot of what is there now could bring {cluster} back: {sum_up(reasons)}; no change"
        " goes on from there",
        hint=f"{mend}; to go on all the same, with nothing to go back to: --no-snapshot",
    )
