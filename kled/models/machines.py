"""Machines of a cluster, each with its instance group and its node: kops' list joined with the API.

Which machine is of which group is kops' word alone (`kops get instances`). Labels of nodes say
nothing about it: on AWS they are what somebody wrote into `spec.nodeLabels`, or did not.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kled.models.cluster import Instance
from kled.models.kubernetes import NodeState

_CURRENT: Final = "UpToDate"
_DETACHED: Final = "Detached"
_WARM_POOL: Final = "WarmPool"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine that kops lists."""

    id: str
    group: str | None
    """None where kops names no group that is stored, or more than one."""
    node: NodeState | None
    """None where it has not joined, and where it is not certain which node it is."""
    named: bool
    """Whether kops or a node says that it has joined."""
    outdated: bool
    """Whether a roll would replace it."""
    counted: bool
    """Whether its group counts it: neither detached by a roll, nor waiting in a warm pool."""


@dataclass(frozen=True, slots=True)
class Machines:
    """All machines that kops lists, by id, and all nodes that the API lists."""

    machines: tuple[Machine, ...]
    nodes: tuple[NodeState, ...]

    def of_group(self, group: str) -> tuple[Machine, ...]:
        """Return the machines that certainly are of this group, and that it counts."""
        return tuple(
            machine for machine in self.machines if machine.group == group and machine.counted
        )

    def perhaps_of_group(self, group: str) -> frozenset[str]:
        """Return the ids of the machines that the group counts, or that it might count."""
        return frozenset(
            machine.id
            for machine in self.machines
            if machine.group in {group, None} and machine.counted
        )

    def touched(self, groups: Collection[str]) -> frozenset[str]:
        """Name the nodes of these groups, and those of no known group: rather one too many.

        Where there are no groups, nothing is touched.
        """
        if not groups:
            return frozenset()
        elsewhere = {
            machine.node.name
            for machine in self.machines
            if machine.node is not None
            and machine.group is not None
            and machine.group not in groups
        }
        return frozenset(node.name for node in self.nodes) - elsewhere

    @property
    def strangers(self) -> tuple[str, ...]:
        """Name the nodes that are of no machine that kops lists, or that several could be."""
        known = {machine.node.name for machine in self.machines if machine.node is not None}
        return tuple(node.name for node in self.nodes if node.name not in known)


def joined(
    instances: Sequence[Instance], nodes: Sequence[NodeState], groups: Mapping[str, str | None]
) -> Machines:
    """Join what kops lists with what the API lists.

    `groups` says which instance group each cloud name of `instances` is of. A node is a machine's
    where its provider id ends with the machine's id, as kops joins them, or where kops names it
    (Azure); one that two machines claim is of neither, nor is one of two nodes of one machine.
    """
    rows: dict[str, list[Instance]] = defaultdict(list)  # kops may list a machine twice
    named: dict[str, set[str]] = defaultdict(set)
    for instance in instances:
        rows[instance.id].append(instance)
        if instance.node:
            named[instance.node].add(instance.id)
    claimed: dict[str, list[NodeState]] = defaultdict(list)
    disputed: set[str] = set()
    for node in nodes:
        owners = named[node.name] | ({node.instance} & rows.keys())
        if len(owners) > 1:
            disputed.add(node.name)
        for owner in owners:
            claimed[owner].append(node)
    return Machines(
        tuple(_machine(rows[name], claimed[name], disputed, groups) for name in sorted(rows)),
        tuple(nodes),
    )


def _machine(
    rows: Sequence[Instance],
    claimed: Sequence[NodeState],
    disputed: Collection[str],
    groups: Mapping[str, str | None],
) -> Machine:
    theirs = {groups.get(row.instance_group) for row in rows}
    certain = len(claimed) == 1 and claimed[0].name not in disputed
    return Machine(
        rows[0].id,
        group=theirs.pop() if len(theirs) == 1 else None,
        node=claimed[0] if certain else None,
        named=bool(claimed) or any(row.node for row in rows),
        outdated=any(row.status != _CURRENT for row in rows),
        counted=any(row.status != _DETACHED and row.state != _WARM_POOL for row in rows),
    )
