"""Add instance groups to a cluster's definition, and delete them with their machines."""

from dataclasses import dataclass, replace

from kled.errors import DefinitionRejected, InstanceGroupExists, NotApproved
from kled.kops.facts import control_plane
from kled.kops.state_store.layout import require_group_name
from kled.models.cluster import InstanceGroup, Role
from kled.operations import ways_back
from kled.operations.fleet.registered import prefixes
from kled.operations.guards.applied_elsewhere import require_applied_here
from kled.operations.guards.guards import EDITS, ENDS
from kled.operations.guards.protection import protection, require_confirmation
from kled.operations.guards.undrained import require_none_of
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, READ
from kled.sentences import options


@dataclass(frozen=True, slots=True)
class CreateInstanceGroup:
    """Store a new group with kops' defaults; the cloud follows with update-cluster.

    Raises `InvalidInput` for a name that no group can have.
    """

    cluster: str
    instance_group: str
    subnets: tuple[str, ...]
    role: Role = "node"

    name = "create instance group"
    guards = EDITS

    def __post_init__(self) -> None:
        require_group_name(self.instance_group)

    def steps(self) -> tuple[Step, ...]:
        """Return the one step.

        Safe to repeat and to kill: kops writes one object. An existing group with the same role and
        subnets counts as made by an earlier attempt.
        """

        def done(session: Session) -> str | None:
            group = find_group(session, self.cluster, self.instance_group)
            if group is None:
                require_own_name(session, self.cluster, self.instance_group)
                return None
            if group.role != self.role or set(group.subnets) != set(self.subnets):
                raise InstanceGroupExists(
                    f'instance group "{group.name}" is there already, with the role {group.role}'
                    f" in {', '.join(group.subnets)}",
                    hint="change it with kled kops edit-instance-group"
                    f" {options(name=self.cluster, instance_group=self.instance_group)}, or choose"
                    " another name",
                )
            return "already there"

        def act(session: Session) -> str:
            session.kops.instance_groups.create(
                self.cluster, self.instance_group, self.subnets, self.role
            )
            return "stored"

        group = options(name=self.cluster, instance_group=self.instance_group)
        way_back = f"kled kops delete-instance-group {group}"
        return (Step("create instance group", act, CHANGE, done=done, way_back=way_back),)


@dataclass(frozen=True, slots=True)
class DeleteInstanceGroup:
    """Delete a group; a group with machines only where they may end undrained."""

    cluster: str
    instance_group: str
    confirm: str | None = None
    """The cluster's name once more; needed where it is protected, since no snapshot has
    machines."""

    name = "delete instance group"
    guards = ENDS

    def steps(self) -> tuple[Step, ...]:
        """Return the steps.

        Safe to repeat and to kill: kops deletes the machines first and the group's definition last,
        so that the next call sees and deletes what a killed one left.
        """

        def done(session: Session) -> str | None:
            group = find_group(session, self.cluster, self.instance_group)
            return "already gone" if group is None else None

        back = ways_back.KnownWayBack()

        def check(session: Session) -> str:
            require_applied_here(session, self.cluster)
            why = why_protected(session, self.cluster)
            require_confirmation(self.cluster, why, self.confirm)
            confirm = self.confirm if why else None
            require_none_of(session, self.cluster, self.instance_group, confirm=confirm)
            return "confirmed" if why else "the cluster is not protected"

        def act(session: Session) -> str:
            require_spare(session, self.cluster, self.instance_group)
            group = find_group(session, self.cluster, self.instance_group)
            anew = _made_again(self.cluster, group) if group is not None else ""
            back.are(ways_back.of_definition(session, self.cluster) or anew)
            session.kops.instance_groups.delete(self.cluster, self.instance_group)
            return "deleted"

        way_back = "create the group again; its machines are new ones"
        return (
            Step("check protection", check, READ, reads=True),
            Step("delete instance group", act, CHANGE, done=done, way_back=way_back, back=back),
        )

    def looking_first(self) -> Step:
        """Return one step for chains that others put together: it checks, then deletes."""
        check, step = self.steps()

        def act(session: Session) -> str:
            check.act(session)
            return step.act(session)

        return replace(step, act=act)


def require_own_name(session: Session, cluster: str, group: str) -> None:
    """Raise `NotApproved` where the cloud would take the group for another cluster's. Only reads.

    kops names what it makes GROUP.CLUSTER, and finds it by that name: `nodes.b` of `a.example.com`
    is `nodes` of `b.a.example.com`. A name without a dot cannot be another cluster's, and costs no
    request.
    """
    if "." not in group:
        return
    named = f"{group}.{cluster}"
    others = prefixes(session.state_store)
    other = next((name for name in others if name != cluster and named.endswith(f".{name}")), None)
    if other is not None:
        theirs = named.removesuffix(f".{other}")
        raise NotApproved(
            f'instance group "{group}" of cluster "{cluster}" would bear the name {named} in the'
            f' cloud, which is that of "{theirs}" of cluster "{other}"; nothing was stored',
            hint="choose a name without a dot",
        )


def why_protected(session: Session, cluster: str) -> str | None:
    """Say why the cluster is protected; None where it is not. Only reads."""
    return protection(session.kops.definition.get(cluster), session.settings.protected)


def _made_again(cluster: str, group: InstanceGroup) -> str:
    """Return the command that makes a group of that name; its other fields are lost."""
    named = {"name": cluster, "instance_group": group.name, "role": group.role}
    made = options(**named, subnet=group.subnets)
    return f"a group of that name, with kops' defaults: kled kops create-instance-group {made}"


def find_group(session: Session, cluster: str, name: str) -> InstanceGroup | None:
    """Return the group of that name; None where there is none."""
    groups = session.kops.instance_groups.list(cluster)
    return next((group for group in groups if group.name == name), None)


def require_spare(session: Session, cluster: str, name: str) -> None:
    """Raise the refusal that a deletion of the group would meet. Only reads."""
    refuse_last_control_plane(session, cluster, name)
    refuse_last_nodes(session, cluster, name)
    refuse_etcd_member(session, cluster, name)


def refuse_etcd_member(session: Session, cluster: str, name: str) -> None:
    """Raise `NotApproved` where a member of etcd lives on the group's machines."""
    definition = session.kops.definition.get(cluster)
    if control_plane.is_etcd_member(definition.cluster, name):
        raise NotApproved(
            f'"{name}" holds a member of etcd of cluster "{cluster}" (spec.etcdClusters), which'
            " would be lost with its machines; nothing was deleted",
            hint="take the member out of spec.etcdClusters first, one at a time, as kops'"
            " documentation of the control plane says",
        )


def refuse_last_control_plane(session: Session, cluster: str, name: str) -> None:
    """Raise `DefinitionRejected` where a cluster would lose its last control plane (capture 33g).

    kops refuses that, too; kled asks before, so that nobody approves what cannot be done.
    """
    groups = session.kops.instance_groups.list(cluster)
    planes = [group.name for group in groups if group.role == "control-plane"]
    if planes == [name]:
        raise DefinitionRejected(
            f'"{name}" is the only control plane of cluster "{cluster}"',
            hint=f"to delete the whole cluster: kled kops delete-cluster --name={cluster}",
        )


def refuse_last_nodes(session: Session, cluster: str, name: str) -> None:
    """Raise `DefinitionRejected` where only groups of the control plane would remain.

    kops would delete the group, and then refuse every change of the cluster (`DeepValidate` of
    pkg/apis/kops/validation/legacy.go).
    """
    groups = session.kops.instance_groups.list(cluster)
    others = [group for group in groups if group.role != "control-plane"]
    if [group.name for group in others] == [name]:
        another = {"instance_group": f"{name}-2", "subnet": others[0].subnets}
        scaled = options(name=cluster, instance_group=name, size=0, yes=True)
        raise DefinitionRejected(
            f'"{name}" is the only instance group of cluster "{cluster}" besides the control plane,'
            " and kops changes nothing of a cluster without one; nothing was deleted",
            hint="create another one first: kled kops create-instance-group"
            f" {options(name=cluster, **another)}; for no machines at all: kled kops"
            f" scale-instance-group {scaled}",
        )
