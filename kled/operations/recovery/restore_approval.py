"""The plans of a restore that are refused though their snapshot is good: nobody approved them."""

from typing import TYPE_CHECKING

from kled.config import Settings
from kled.errors import NotApproved, OutputUnreadable
from kled.kops.state_store.layout import CONFIG
from kled.operations.guards.protection import pattern_protection, protection
from kled.operations.records import open_restore
from kled.operations.session import Session
from kled.sentences import enumerated, options
from kled.snapshot.epoch.raising import raise_command
from kled.visible import visible

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import RestoreState
    from kled.snapshot.restore.restore_plan import RestorePlan


def require_approved(session: Session, restoring: "RestoreState", planned: "RestorePlan") -> None:
    """Raise `NotApproved` unless this plan was approved, or one of which it is the rest."""
    digest = restoring.digest
    if digest is None or planned.is_empty or planned.digest.startswith(digest):
        return
    if open_restore.is_approved(session.stores, restoring.wish, planned, digest):
        return
    raise NotApproved(
        f"the plan is {planned.digest[:12]} now, not {digest[:12]}; nothing was changed",
        hint=f"look at it with {restoring.wish.again(raise_epoch=restoring.raise_epoch)}, and"
        " approve that one; what an interrupted restore has written is not written again",
    )


def require_spared(session: Session, restoring: "RestoreState", planned: "RestorePlan") -> None:
    """Raise `NotApproved` for objects of the place that would be lost without any snapshot."""
    lost = [*sorted(set(planned.replaced()) - planned.own), *planned.deletes]
    guarded = restoring.guards.snapshot != "none"
    if not lost or guarded or session.overrides.no_snapshot:
        return
    place = options(state=planned.target, name=restoring.wish.place.cluster)
    raise NotApproved(
        f"{planned.target}/{planned.prefix} has other bytes than the snapshot:"
        f" {enumerated(lost, 1)} would be replaced or deleted, and no snapshot of them is taken"
        " before",
        hint=f"{_stays(restoring, planned)}keep them first: kled snapshot create {place}, in a"
        " snapshot store of its own; or restore all the same: --no-snapshot",
    )


def _stays(restoring: "RestoreState", planned: "RestorePlan") -> str:
    """Return the command that keeps the cluster of a target to which another one is to move."""
    if not restoring.raise_epoch:
        return ""
    raises = raise_command(restoring.cluster, planned.target, visible(planned.manifest.state_store))
    return f"where the cluster itself is there, under a new name of its state store: {raises}; or "


def protection_of(settings: Settings, planned: "RestorePlan") -> str | None:
    """Say why the cluster in the snapshot, or the one that is overwritten, is protected."""
    from kled.kops.parse import definition  # noqa: PLC0415
    from kled.snapshot.verify.contents import archived_objects  # noqa: PLC0415

    objects = archived_objects(planned.manifest, planned.packed)
    config = next((body for record, body in objects if record.key == CONFIG), b"")
    by_place = pattern_protection(planned.prefix.rstrip("/"), settings.protected)
    if by_place is not None:
        return by_place
    try:
        return protection(definition(config.decode(errors="replace")), settings.protected)
    except OutputUnreadable:  # a backup of damage is restored, too: but nobody knows its labels
        return "its definition cannot be read, which may have labelled it so"
