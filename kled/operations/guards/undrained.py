"""No change lets the cloud end machines with pods on them, unless a person allows it.

A maximum below the number of running machines has that effect: an autoscaling group ends machines
at once. So does the deletion of a group. `scale-instance-group` drains the machines that it ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kled.errors import NotApproved
from kled.kops.facts import autoscaling, plan_effects
from kled.kops.facts.cloud_names import group_of
from kled.models.blast_radius import EndedMachines
from kled.models.cluster import Role
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingRow
from kled.operations.cluster.applied import was_applied
from kled.operations.instance_group.edit_instance_group import group_in
from kled.operations.instance_group.machines import group_roles
from kled.operations.session import Session
from kled.sentences import number, options

_WITHOUT_PODS: Final = frozenset({"control-plane", "bastion"})
"""Roles whose machines bear no pods that have to move: `control_plane` guards the one, and
bastions never become nodes."""


def rows(session: Session, cluster: str) -> tuple[RollingRow, ...]:
    """Return the groups with their machines, asked of the cloud without the Kubernetes API."""
    return session.kops.cluster.preview_rolling_update(cluster, Roll(cloudonly=True)).rows


def running_machines(row: RollingRow) -> int:
    """Return how many machines of a group run."""
    return row.need_update + row.ready


def groups_that_end(
    plan: Plan, roles: Mapping[str, Role], machines: Iterable[RollingRow]
) -> tuple[EndedMachines, ...]:
    """Return the groups whose machines the plan lets the cloud end. Pure."""
    sizes = plan_effects.greatest_sizes(plan, roles)
    return tuple(
        EndedMachines(row.instance_group, running_machines(row) - sizes[row.instance_group])
        for row in machines
        if running_machines(row) > sizes.get(row.instance_group, running_machines(row))
    )


def require(session: Session, plan: Plan, *, drained: str | None = None) -> None:
    """Raise `NotApproved` where the plan ends machines that nobody drained. Only reads.

    The caller drains the group `drained` itself. `--no-drain` goes on.
    """
    if session.overrides.no_drain or not any(plan_effects.shrinking(plan)):
        return
    roles, machines = group_roles(session, plan.cluster), rows(session, plan.cluster)
    lost = [
        each
        for each in groups_that_end(plan, roles, machines)
        if each.instance_group != drained and roles[each.instance_group] not in _WITHOUT_PODS
    ]
    if not lost:
        return
    told = ", ".join(f"{each.machines} of {each.instance_group}" for each in lost)
    last = ", the last nodes of the cluster" if _are_last(roles, machines, lost) else ""
    raise NotApproved(
        f"the plan ends machines without draining them: {told}{last}; nothing was changed",
        hint=_hint(session, plan, roles, [each.instance_group for each in lost]),
    )


def require_none_of(session: Session, cluster: str, group: str, *, confirm: str | None) -> None:
    """Raise `NotApproved` where the group's deletion would end running machines. Only reads.

    Nobody would move their pods. A group without machines may go, and so may one whose machines
    bear no pods. kops is asked only for a cluster that was applied. The hint repeats the cluster's
    name where that `confirm`s it.
    """
    if session.overrides.no_drain or not was_applied(session, cluster):
        return
    role = group_roles(session, cluster).get(group)
    if role is None or role in _WITHOUT_PODS:
        return
    count = sum(
        running_machines(row) for row in rows(session, cluster) if row.instance_group == group
    )
    if not count:
        return
    named = {"name": cluster, "instance_group": group}
    deletion = f"kled kops delete-instance-group {options(**named, yes=True, confirm=confirm)}"
    if _provider(session.kops.definition.get(cluster)) == "aws":
        scale = f"kled kops scale-instance-group {options(**named, size=0, yes=True)}"
        drained = f"drain and end them, then delete it: {scale} && {deletion}"
    else:
        drained = "drain their nodes by hand before"
    raise NotApproved(
        f'the deletion of "{group}" ends {number(count, "machine")} without draining'
        f" {'it' if count == 1 else 'them'}; nothing was deleted",
        hint=f"{drained}; where nothing can be drained, this ends them with their pods:"
        f" {deletion} --no-drain",
    )


def _are_last(
    roles: Mapping[str, Role], machines: Iterable[RollingRow], lost: Iterable[EndedMachines]
) -> bool:
    working = sum(
        running_machines(row)
        for row in machines
        if roles.get(row.instance_group) not in _WITHOUT_PODS
    )
    return working == sum(each.machines for each in lost)


def _hint(session: Session, plan: Plan, roles: Mapping[str, Role], groups: Sequence[str]) -> str:
    """Name the commands that drain the machines, and the one that ends them at once."""
    definition = session.kops.definition.get(plan.cluster)
    anyway = (
        "where nothing can be drained, this ends them with their pods: kled kops update-cluster"
        f" {options(name=plan.cluster, yes=True)} --no-drain"
    )
    if _provider(definition) != "aws":  # there kled cannot keep a group from replacing them
        return f"drain their nodes by hand before; {anyway}"
    sizes = [each for each in plan.changes if _group_of(each, plan, roles) in groups]
    scale = " && ".join(_scale(definition, group) for group in groups)
    if len(groups) == 1 and len(sizes) == len(plan.changes):
        return f"drain and end them: {scale}; {anyway}"
    earlier = " && ".join(_earlier(definition, each, plan, roles) for each in sizes)
    return (
        f"give back the earlier bounds: {earlier}; then apply the rest: kled kops update-cluster"
        f" {options(name=plan.cluster, yes=True)}; then drain and end them: {scale}; {anyway}"
    )


def _group_of(change: Change, plan: Plan, roles: Mapping[str, Role]) -> str | None:
    """Return the group whose size a change is about."""
    return group_of(change.name, roles, plan.cluster) if change.kind in plan_effects.SIZES else None


def _scale(definition: Definition, group: str) -> str:
    low, high = autoscaling.bounds(group_in(definition, group))
    named = {"name": definition.name, "instance_group": group}
    return f"kled kops scale-instance-group {options(**named, min=low, max=high, yes=True)}"


def _earlier(definition: Definition, change: Change, plan: Plan, roles: Mapping[str, Role]) -> str:
    group = group_of(change.name, roles, plan.cluster) or ""
    low, _ = autoscaling.bounds(group_in(definition, group))
    high = _before(change, plan_effects.SIZES[change.kind])
    named = {"name": plan.cluster, "instance_group": group}
    low_before = _before(change, "MinSize") or low
    return f"kled kops edit-instance-group {options(**named, min=low_before, max=high)}"


def _before(change: Change, field: str) -> str:
    return change.fields.get(field, "").partition(" -> ")[0].strip()


def _provider(definition: Definition) -> str:
    spec = definition.cluster.get("spec")
    return str(spec.get("cloudProvider", "")) if isinstance(spec, Mapping) else ""
