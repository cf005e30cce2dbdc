"""The single moves of scaling an instance group; `scale_instance_group` puts them in order."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from kled.errors import (
    ClusterNotReady,
    DefinitionRejected,
    GroupRefilled,
    InvalidInput,
    NotApproved,
    ResourceNotFound,
)
from kled.kops.facts import autoscaling, plan_effects
from kled.models.cluster import Role
from kled.models.counts import MOST
from kled.models.kubernetes import NodeState
from kled.models.machines import Machine, Machines
from kled.models.share import Share
from kled.operations.cluster.kept_fields import require_known_fields
from kled.operations.health.cluster_api import cluster_api
from kled.operations.instance_group import nothing_else
from kled.operations.instance_group.chosen_nodes import choose
from kled.operations.instance_group.ends_of_scaling import ways_on
from kled.operations.instance_group.giving_back import (
    give_back,
    give_back_on_failure,
    tell_what_is_left,
)
from kled.operations.instance_group.machines import group_roles, machines
from kled.operations.instance_group.stored_sizes import StoredSizes
from kled.operations.records import scale_journal
from kled.operations.records.scale_journal import OpenScaleDown
from kled.operations.session import Session
from kled.sentences import number, options

if TYPE_CHECKING:
    from kled.kubernetes.client import Api

_LOOK_EVERY: Final = 10.0
NOTHING: Final = "nothing to do: no machine has to go"


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted; see `ScaleInstanceGroup`."""

    cluster: str
    instance_group: str
    minimum: int | None = None
    maximum: int | None = None
    drain_timeout: timedelta = timedelta(minutes=15)
    patience: timedelta = timedelta(minutes=30)
    force_unmanaged: bool = False
    api_server: str | None = None


class Scaling:
    """The moves on one group, with a session's hands; each returns what it did, in words."""

    def __init__(self, session: Session, target: Target) -> None:
        self._session = session
        self._target = target
        self._cluster = target.cluster
        self._group = target.instance_group
        self._sizes = StoredSizes(session, target.cluster, target.instance_group)
        self._groups: Mapping[str, Role] = {}

    def check(self) -> str:
        """Raise what would keep the scaling from ending, before anything is changed."""
        low, high = self._wanted()
        if low < 0 or low > high:
            raise InvalidInput("--min", f"the least number, {low}, is above the greatest, {high}")
        if high > MOST:
            raise InvalidInput("--max", f"a group has {MOST} machines at most, and not {high}")
        require_known_fields(self._session, self._cluster, self._group, self._sizes.document())
        begun = self._begun()
        if begun is not None and begun.instance_group != self._group:
            raise NotApproved(
                f'scaling "{begun.instance_group}" down was interrupted',
                hint=ways_on(self._cluster, begun),
            )
        surplus = self._surplus()
        if surplus:
            self._require_scalable(surplus)
        plan = self._session.kops.cluster.preview_update(self._cluster)
        nothing_else.require(plan, self._group, self._roles(), begun)
        to_go = f"{number(surplus, 'machine')} of it to go" if surplus else "no machine has to go"
        return f"{self._group}: {low} to {number(high, 'machine')} wanted; {to_go}"

    def hold_back(self) -> str:
        """Keep the group from launching replacements of the machines that go."""
        if not self._surplus() or self._begun() is not None:
            return self._begun_words()
        low, high = self._wanted()
        plan = self._session.kops.cluster.preview_update(self._cluster)
        before = plan_effects.applied_bounds(plan, self._group, self._roles(), self._sizes.bounds())
        begun = OpenScaleDown(self._group, self._sizes.suspended(), low, high, (), (), *before)
        with tell_what_is_left(self._session, self._cluster):
            scale_journal.write(self._session, self._cluster, begun)
            return self._held()

    def end_machines(self) -> str:
        """Drain and delete surplus machines, one after the other.

        On failure the group gets back what it was, as far as possible.
        """
        begun = self._begun()
        if begun is None:
            return NOTHING
        with give_back_on_failure(self._session, self._cluster, self._target.api_server):
            if not self._surplus():
                return NOTHING
            self._held()  # a run that was killed may have been before that
            with cluster_api(self._session, self._cluster, self._target.api_server) as api:
                return self._end_surplus(api, begun)

    def _end_surplus(self, api: "Api", begun: OpenScaleDown) -> str:
        ended: list[str] = []
        most = self._surplus()
        while (machine := self._next(api, begun)) is not None:
            if len(ended) == most:
                raise self._refilled(ended)
            message = f"{self._group}: {len(ended)} of {number(most, 'machine')} drained and ended"
            self._session.tell(Share(len(ended), max(1, most), message))
            begun = self._choose(begun, machine.node)
            self._end(api, machine)
            begun = replace(begun, ended=(*begun.ended, machine.id))
            scale_journal.write(self._session, self._cluster, begun)
            ended.append(machine.node.name if machine.node else machine.id)
        return f"drained and ended {', '.join(ended)}" if ended else NOTHING

    def stored_bounds(self) -> tuple[int, int]:
        """Return the bounds that are stored now."""
        return self._sizes.bounds()

    def wanted_bounds(self) -> tuple[int, int]:
        """Return the bounds that the group is to have."""
        return self._wanted()

    def applied_before(self) -> tuple[int, int] | None:
        """Return the bounds that the cloud had before `set_bounds`; None: it began no update."""
        return self._sizes.applied_before

    def bounds_before(self) -> tuple[int, int]:
        """Return the bounds that the group had before it was held back; else those stored now."""
        begun = self._begun()
        if begun is None or begun.minimum_before is None or begun.maximum_before is None:
            return self._sizes.bounds()
        return begun.minimum_before, begun.maximum_before

    def set_bounds(self) -> str:
        """Store the bounds and update; by now no more machines run than they allow."""
        with tell_what_is_left(self._session, self._cluster):
            low, high = self._wanted()
            if self._surplus():
                raise ClusterNotReady(f"{self._group} has more machines again than {high}")
            return self._sizes.store(low, high, self._sizes.suspended())

    def release(self) -> str:
        """Let the group's suspended processes run again, and end the journal."""
        with tell_what_is_left(self._session, self._cluster):
            return give_back(self._session, self._cluster, self._target.api_server)

    def wait(self) -> str:
        """Wait until as many nodes are ready as the lower bound asks for."""
        low, _ = self._sizes.bounds()
        if self._roles()[self._group] == "bastion":  # its machines never become nodes
            return f"{number(self._running(self._machines()), 'machine')} running"
        ends = self._session.clock.monotonic() + self._target.patience.total_seconds()
        with cluster_api(self._session, self._cluster, self._target.api_server) as api:
            while (ready := self._ready(api)) < low:
                if self._session.clock.monotonic() >= ends:
                    raise ClusterNotReady(
                        f"{self._group} has {ready} ready nodes, not {low}",
                        hint=f"kled kops get-instances {options(name=self._cluster)} shows what is"
                        " missing",
                    )
                message = f"{self._group}: {ready} of {low} nodes are ready"
                self._session.tell(Share(ready, low, message))
                self._session.clock.sleep(_LOOK_EVERY)
        return f"{number(ready, 'node')} ready"

    def _ready(self, api: "Api") -> int:
        nodes = [
            machine.node for machine in self._machines(api).of_group(self._group) if machine.node
        ]
        return sum(node.ready and not node.cordoned for node in nodes)

    def _require_scalable(self, surplus: int) -> None:
        """Raise for groups whose machines cannot simply go."""
        if self._roles()[self._group] == "control-plane":
            raise DefinitionRejected(
                f'"{self._group}" is control plane: its machines hold etcd',
                hint="the number of control planes is changed with its etcd members, one at a time",
            )
        own: Any = self._sizes.document().get("spec") or {}
        if own.get("manager") == "Karpenter":
            raise DefinitionRejected(
                f'"{self._group}" has no bounds: Karpenter launches its machines as pods need them',
                hint="drain a node and Karpenter removes its machine",
            )
        spec: Any = self._sizes.definition().cluster.get("spec") or {}
        provider = str(spec.get("cloudProvider", ""))
        if provider != "aws":
            raise DefinitionRejected(
                f"{surplus} machines would have to go, and on {provider or 'this cloud'} kled"
                " cannot keep the group from replacing them meanwhile",
                hint="drain and delete them by hand, then lower the bounds",
            )

    def _held(self) -> str:
        """Suspend launching.

        Bounds below the number of running machines must not be applied yet.
        """
        low, high = self._sizes.bounds()
        high = max(high, self._running(self._machines()))
        processes = (*self._sizes.suspended(), *autoscaling.HELD)
        return self._sizes.store(min(low, high), high, tuple(dict.fromkeys(processes)))

    def _next(self, api: "Api", begun: OpenScaleDown) -> Machine | None:
        """Return the next machine that goes; None where the group is small enough."""
        from kled.kubernetes.pods import pods  # noqa: PLC0415 - heavy

        known = self._machines(api)
        surplus = self._surplus_of(known)
        if not surplus:
            return None
        mine = [machine for machine in known.of_group(self._group) if machine.id not in begun.ended]
        chosen = choose(mine, pods(api), begun=begun.chosen, strangers=known.strangers)
        if chosen is None:
            raise ClusterNotReady(
                f"{self._group} has {surplus} machines too many, and it is not certain which node"
                f" any of them is: {', '.join(machine.id for machine in mine)}",
                hint=f"they may still join; kled kops get-instances {options(name=self._cluster)}"
                " shows them",
            )
        return chosen

    def _choose(self, begun: OpenScaleDown, node: NodeState | None) -> OpenScaleDown:
        """Put on record that we cordon the node, before we do it."""
        if node is None or node.cordoned or node.name in begun.chosen:
            return begun
        begun = replace(begun, chosen=(*begun.chosen, node.name))
        scale_journal.write(self._session, self._cluster, begun)
        return begun

    def _end(self, api: "Api", machine: Machine) -> None:
        """Drain the machine's node, if it has one, and delete the machine."""
        self._session.check()
        if machine.node is not None:
            self._drain(api, machine.node.name)
        with suppress(ResourceNotFound):  # a run that was killed has deleted it
            self._session.kops.instances.delete(
                self._cluster, machine.id, cloudonly=True, surge=False
            )

    def _drain(self, api: "Api", node: str) -> None:
        from kled.kubernetes.drain import drain  # noqa: PLC0415 - heavy

        session = self._session
        session.note(f"draining {node}")
        drain(
            api,
            node,
            deadline=self._target.drain_timeout,
            clock=session.clock,
            on_line=session.note,
            force_unmanaged=self._target.force_unmanaged,
        )
        session.check()

    def _refilled(self, ended: list[str]) -> GroupRefilled:
        return GroupRefilled(
            f"{self._group} has launched machines in place of {', '.join(ended)}, although it was"
            " held back",
            hint="somebody or something else resumes its processes or attaches machines; nothing"
            " more was drained, and the group has what it suspended before",
        )

    def _wanted(self) -> tuple[int, int]:
        """Return the final bounds: those typed, else those in the journal, else those stored."""
        low, high = self._sizes.bounds()
        begun, target = self._begun(), self._target
        if begun is not None and begun.instance_group == self._group:
            low, high = begun.minimum, begun.maximum
        return (
            low if target.minimum is None else target.minimum,
            high if target.maximum is None else target.maximum,
        )

    def _surplus(self) -> int:
        """Return how many machines the group has above the wanted maximum."""
        return self._surplus_of(self._machines())

    def _surplus_of(self, known: Machines) -> int:
        _, high = self._wanted()
        running = self._running(known)
        gone = self._gone()
        unsure = [
            machine.id
            for machine in known.machines
            if machine.group is None and machine.id not in gone
        ]
        if unsure and running + len(unsure) > high:
            raise ClusterNotReady(
                f"kops does not say of which one instance group {', '.join(unsure)} are",
                hint=f"look at them: kled kops get-instances --name={self._cluster}; without that,"
                f" nobody knows how many machines {self._group} has",
            )
        return max(0, running - high)

    def _running(self, known: Machines) -> int:
        gone = self._gone()
        return sum(machine.id not in gone for machine in known.of_group(self._group))

    def _gone(self) -> tuple[str, ...]:
        """Return the machines that were ended, which the cloud may list for a while."""
        begun = self._begun()
        return begun.ended if begun is not None else ()

    def _machines(self, api: "Api | None" = None) -> Machines:
        return machines(self._session, self._cluster, self._roles(), api)

    def _roles(self) -> Mapping[str, Role]:
        """Return the cluster's groups, asked for once, since nothing here makes or deletes one."""
        self._groups = self._groups or group_roles(self._session, self._cluster)
        return self._groups

    def _begun(self) -> OpenScaleDown | None:
        return scale_journal.read(self._session, self._cluster)

    def _begun_words(self) -> str:
        return "held back by a run before" if self._begun() is not None else NOTHING
