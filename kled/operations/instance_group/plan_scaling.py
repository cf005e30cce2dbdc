"""The bounds that a group would get, as a plan with a digest."""

from kled.errors import NotApproved
from kled.models.plan import Change, Plan
from kled.operations.instance_group.group_roles import with_roles
from kled.operations.instance_group.scaling_bounds import require_order
from kled.operations.instance_group.stored_sizes import StoredSizes
from kled.operations.records import scale_journal
from kled.operations.roll.plan_roll import MACHINES
from kled.operations.session import Session


def plan_scaling(
    session: Session, cluster: str, group: str, minimum: int | None, maximum: int | None
) -> Plan:
    """Return the change of the group's bounds. Only reads.

    The digest covers only the wanted bounds, so that an interrupted scaling keeps its digest; an
    open one counts as a change, whatever the bounds are by now. Raises `InstanceGroupNotFound`, and
    `InvalidInput` for bounds that cross.
    """
    stored = before = StoredSizes(session, cluster, group).bounds()
    begun = scale_journal.read(session, cluster)
    if begun is not None and begun.instance_group == group:
        before = begun.minimum, begun.maximum
    after = (
        before[0] if minimum is None else minimum,
        before[1] if maximum is None else maximum,
    )
    require_order(*after, minimum, maximum)
    if after == stored and begun is None:
        return Plan(cluster, ())
    wanted = {"minSize": str(after[0]), "maxSize": str(after[1])}
    was = {"minSize": str(before[0]), "maxSize": str(before[1])}
    return with_roles(session, Plan(cluster, (Change("modify", MACHINES, group, wanted, was),)))


def require_agreed(session: Session, now: Plan, approved: str | None) -> None:
    """Raise `NotApproved` unless somebody agreed to these bounds. Only reads.

    Bounds that are set already need no consent.
    """
    if now.is_empty:
        return
    if approved is None:
        session.consent(now)
    elif not now.digest.startswith(approved):
        wanted = now.changes[0].fields
        raise NotApproved(
            f"the plan is {now.digest[:12]} now, not {approved[:12]}: {now.changes[0].name} with"
            f" {wanted['minSize']} to {wanted['maxSize']} machines; nothing was changed",
            hint="look at it and approve that one",
        )
