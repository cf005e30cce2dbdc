"""A smaller number never takes machines away from the control plane, whichever way it came."""

from kled.errors import NotApproved
from kled.kops.facts import control_plane, plan_effects
from kled.kops.fields import fixed_fields
from kled.models.definition import object_name
from kled.models.plan import Plan
from kled.operations.instance_group.edited_group import Document
from kled.operations.session import Session

_HINT = (
    "its machines hold etcd, which changes by one member at a time; to delete the whole cluster:"
    " kled kops delete-cluster --name={}"
)


def require_edit(cluster: str, before: Document, after: Document) -> None:
    """Raise `NotApproved` where an edit takes machines from a group of the control plane.

    Raises `InvalidInput` where it gives the group another name or role.
    """
    fixed_fields.refuse_changes(before, after, fixed_fields.OF_A_GROUP)
    loss = control_plane.loss(before, after)
    if loss is not None:
        raise NotApproved(
            f'"{object_name(before)}" is control plane of cluster "{cluster}", and {loss} would end'
            " its machines; nothing was stored",
            hint=_HINT.format(cluster),
        )


def require_plan(session: Session, plan: Plan) -> None:
    """Raise `NotApproved` where a plan would leave the control plane fewer machines.

    It does not matter who changed the definition: somebody may have edited it with kops. Only
    reads.
    """
    if not any(plan_effects.shrinking(plan)):
        return
    lost = control_plane.lost(plan, session.kops.instance_groups.list(plan.cluster))
    if lost:
        raise NotApproved(
            f'the plan ends machines of the control plane of cluster "{plan.cluster}":'
            f" {', '.join(lost)}; nothing was changed",
            hint=f"put the earlier numbers back in the definition; {_HINT.format(plan.cluster)}",
        )
