"""Whether the snapshot before a change would stop it: for previews, which take none."""

from kled.errors import SnapshotMissing
from kled.operations.cluster import unregistration
from kled.operations.guards import elsewhere, left_of_deletion
from kled.operations.guards.final_snapshot import cannot_bring_back
from kled.operations.guards.taken_snapshot import (
    advise_on_stores,
    no_way_back,
    refusal_of_empty_store,
)
from kled.operations.recovery.restores_under_way import RestoresUnderWay
from kled.operations.session import Session
from kled.operations.step import Operation


def require(session: Session, operation: Operation) -> None:
    """Raise `SnapshotNotTrustworthy` where the snapshot before the operation would. Only reads.

    The words are the same. What only shows while a snapshot is taken stays unknown
    (`snapshot.create.foretold`).
    """
    from kled.operations.snapshots.back_up import BY  # noqa: PLC0415 - not for --help
    from kled.snapshot.create import foretold  # noqa: PLC0415
    from kled.snapshot.create.results import CreateOptions  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

    if not _is_needed(session, operation):
        return
    cluster = operation.cluster
    with advise_on_stores():
        ledger = read_ledger(session.snapshot_store, session.state_store)
        halfway = RestoresUnderWay(session.state_store, [cluster])
        options = CreateOptions(BY, before_change=True, halfway=halfway)
        try:
            doubts = foretold.foresee_doubts(session.state_store, ledger, cluster, options)
        except SnapshotMissing as error:
            raise refusal_of_empty_store(error) from error
    if doubts and operation.guards.snapshot == "final":
        raise cannot_bring_back(doubts)
    if doubts:
        raise no_way_back(session, cluster, doubts)


def _is_needed(session: Session, operation: Operation) -> bool:
    """Say whether the change needs a snapshot that can be trusted."""
    guards, cluster = operation.guards, operation.cluster
    if session.settings.snapshot_store is None or session.overrides.no_snapshot:
        return False
    if guards.snapshot == "final":
        alone = elsewhere.is_forgotten_alone if guards.epoch == "forget" else elsewhere.is_twin
        return not (
            alone(session, cluster)
            or _keeps_bytes(session, operation)
            or left_of_deletion.snapshot_with_the_rest(session, cluster)
        )
    return guards.needs_trusted and session.overrides.new_identity != cluster


def _keeps_bytes(session: Session, operation: Operation) -> bool:
    """Say whether the final snapshot keeps only the bytes of a cluster that kops cannot read."""
    stored = unregistration.look(session, operation.cluster, unregister=True)
    forgets = operation.guards.epoch == "forget"
    return forgets and isinstance(stored, unregistration.Unreadable)
