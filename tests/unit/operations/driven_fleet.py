"""A kops, its cloud and its Kubernetes API in one; groups refill and pick as those of AWS do."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from kled import config
from kled.errors import KledError, ResourceNotFound
from kled.kops import parse
from kled.kops.facts import autoscaling
from kled.lease.document import Lease, Writer, encode, key
from kled.models.cluster import Instance, InstanceGroup
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingPlan, RollingRow
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session, Who
from kled.retry import Clock
from tests.fake_kops import FakeKops
from tests.unit.kubernetes.cluster import Cluster, kubeconfig, serving

C = "c.example.com"
LABEL = "kops.k8s.io/instancegroup"
Json = dict[str, Any]
_ROLES = {"Master": ".masters", "Node": "", "Bastion": ""}


@dataclass
class Fleet(FakeKops):
    """One cluster; `fails` is asked at each call, with its number from 1, what that raises."""

    scratch: Path
    server: str
    kubernetes: Cluster
    groups: dict[str, Json] = field(default_factory=dict)
    applied: dict[str, Json] = field(default_factory=dict)
    machines: list[Instance] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """Machines that were deleted, in their order."""
    picked: list[str] = field(default_factory=list)
    """Machines that a group ended by itself."""
    admin: timedelta = timedelta(0)
    """How long the last credentials last."""
    called: list[str] = field(default_factory=list)
    """The verbs that were called, in their order."""
    templates: list[str] = field(default_factory=list)
    """Groups whose machines the next update makes out of date."""
    outdated: list[str] = field(default_factory=list)
    """Groups whose machines are."""
    fails: Callable[[int], KledError | None] = lambda _number: None

    def group(self, name: str, machines: int, **spec: object) -> None:
        """Add a group that is applied, with its machines; their nodes bear no label of a group."""
        self.groups[name] = {
            "apiVersion": "kops.k8s.io/v1alpha2",
            "kind": "InstanceGroup",
            "metadata": {"name": name, "labels": {"kops.k8s.io/cluster": C}},
            "spec": {"role": "Node", "minSize": machines, "maxSize": machines, **spec},
        }
        self.applied[name] = self.groups[name]
        for number in range(1, machines + 1):
            self.machine(name, f"{name}-{number}")

    def machine(
        self,
        group: str,
        name: str,
        *,
        joined: bool = True,
        status: str = "UpToDate",
        state: str = "",
    ) -> None:
        """Add a machine `i-<name>` to a group, and the node `<name>`."""
        node = name if joined else ""
        cloud = f"{group}{_ROLES[self.groups[group]['spec']['role']]}.{C}"
        self.machines.append(Instance(f"i-{name}", cloud, status=status, node=node, state=state))
        if joined:
            self.kubernetes.node(name)

    def labelled(self, group: str, *names: str) -> None:
        """Let nodes bear the label of a group."""
        for name in names:
            self.kubernetes.objects["nodes"][name]["metadata"]["labels"] = {LABEL: group}

    def cordoned(self) -> list[str]:
        """Name the nodes that are cordoned."""
        nodes = self.kubernetes.objects["nodes"].items()
        return [name for name, one in nodes if one["spec"].get("unschedulable")]

    def suspends(self, group: str) -> tuple[list[str], list[str]]:
        """Return what a group suspends, as it is stored and as the cloud has it."""
        both = (self.groups[group], self.applied[group])
        stored, applied = (one["spec"].get("suspendProcesses", []) for one in both)
        return stored, applied

    def kubeconfig_export_privately(
        self, _cluster: str, admin: timedelta, _server: str | None = None
    ) -> Path:
        self._called("export_kubeconfig")
        self.admin = admin
        written = kubeconfig(self.scratch, self.server)
        document = yaml.safe_load(written.read_text())
        document["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True  # nothing to load
        path = self.scratch / "kubeconfig"
        path.write_text(yaml.safe_dump(document))
        return path

    def definition_get(self, name: str) -> Definition:
        self._called("get_definition")
        cluster = {
            "metadata": {"name": name},
            "spec": {"cloudProvider": "aws"},
            "kind": "Cluster",
        }
        return Definition(cluster, tuple(self.groups[one] for one in sorted(self.groups)))

    def instance_groups_list(self, _name: str) -> tuple[InstanceGroup, ...]:
        self._called("get_instance_groups")
        return tuple(map(parse.group, self.groups.values()))

    def instances_list(self, _name: str) -> tuple[Instance, ...]:
        self._called("get_instances")
        return tuple(self.machines)

    def instance_groups_store_edited(self, _name: str, group: str, text: str) -> None:
        self._called("store_edited_group")
        self.groups[group] = yaml.safe_load(text)

    def cluster_preview_update(self, name: str) -> Plan:
        self._called("update_preview")
        changed = (one for one in self.groups if self.groups[one] != self.applied[one])
        return Plan(
            name,
            (
                *(self._resized(one) for one in changed),
                *(
                    Change("modify", "LaunchTemplate", f"{one}.{C}", {"InstanceType": "m6i.large"})
                    for one in self.templates
                ),
            ),
        )

    def _resized(self, group: str) -> Change:
        """Return the change of a group, with the bounds that differ as kops shows them."""
        before, after = (autoscaling.bounds(one[group]) for one in (self.applied, self.groups))
        both = zip(("MinSize", "MaxSize"), before, after, strict=True)
        fields = {name: f" {old} -> {new}" for name, old, new in both if old != new}
        return Change("modify", "AutoscalingGroup", f"{group}.{C}", fields)

    def cluster_preview_reconcile(self, name: str) -> Plan:
        return self.cluster_preview_update(name)

    def cluster_preview_rolling_update(self, name: str, _roll: Roll) -> RollingPlan:
        self._called("rolling_update_preview")
        return RollingPlan(name, tuple(self._row(group) for group in self.groups))

    def _row(self, group: str) -> RollingRow:
        there = len(self._attached(group))
        old = there if group in self.outdated else 0
        status = "NeedsUpdate" if old else "Ready"
        return RollingRow(group, status, old, there - old, there, there, there)

    def cluster_update(self, _name: str) -> None:
        self._called("update")
        self.outdated += self.templates
        self.templates.clear()
        self.applied = dict(self.groups)
        for group in self.groups:
            self._settle(group)

    def instances_delete(self, _name: str, instance: str, *, cloudonly: bool, surge: bool) -> None:
        assert cloudonly
        assert not surge
        self._called("delete_instance")
        groups = [self._group(one) for one in self.machines if one.id == instance]
        if not groups:
            raise ResourceNotFound(f"could not find instance {instance}")
        self.ended.append(instance)
        self._gone(instance)
        (group,) = set(groups)
        self._settle(group, at_least=len(self._attached(group)) + 1)

    def _settle(self, group: str, *, at_least: int = 0) -> None:
        """Do as an autoscaling group does: end what is too much, launch what is missing."""
        low, high = autoscaling.bounds(self.applied[group])
        for surplus in self._attached(group)[high:]:
            self.picked.append(surplus)
            self._gone(surplus)
        missing = min(max(low, at_least), high) - len(self._attached(group))
        if "Launch" not in self.suspends(group)[1]:
            for _ in range(missing):
                self.machine(group, f"{group}-new-{len(self.machines)}")

    def _attached(self, group: str) -> list[str]:
        mine = (one for one in self.machines if self._group(one) == group)
        counted = (one.id for one in mine if one.status != "Detached" and one.state != "WarmPool")
        return list(dict.fromkeys(counted))

    def _group(self, machine: Instance) -> str:
        return next(
            name
            for name, one in self.groups.items()
            if machine.instance_group == f"{name}{_ROLES[one['spec']['role']]}.{C}"
        )

    def _gone(self, instance: str) -> None:
        self.machines = [one for one in self.machines if one.id != instance]
        self.kubernetes.objects["nodes"].pop(instance.removeprefix("i-"), None)

    def _called(self, verb: str) -> None:
        self.called.append(verb)
        error = self.fails(len(self.called))
        if error is not None:
            raise error


@contextmanager
def fleet_in(directory: Path) -> Iterator[Fleet]:
    """Yield an empty cluster whose Kubernetes API answers."""
    scratch = directory / "scratch"
    scratch.mkdir()
    (directory / "state").mkdir()
    cluster = Cluster()
    with serving(cluster) as server:
        yield Fleet(scratch, server, cluster)


def session_of(fleet: Fleet, notes: list[str] | None = None) -> Session:
    """Return a session that drives it; its waits take no time."""
    env = {
        "HOME": str(fleet.scratch.parent),
        "KOPS_STATE_STORE": (fleet.scratch.parent / "state").as_uri(),
    }
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    kops: Any = fleet
    clock = Clock(lambda: now[0] + time.monotonic(), sleep)
    note = notes.append if notes is not None else lambda _words: None
    who = Who("tester", "a run", timedelta(0))
    return Session(config.load(env), kops, clock, who, None, overrides=NOTHING, note=note)


def lease_of_another(fleet: Fleet) -> Path:
    """Write the lease of another writer, who has just renewed it; return where it is."""
    writer = Writer("kled run roll-cluster (ada)", "run 1", "host-a", 7)
    path = fleet.scratch.parent / "state" / key(C)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(Lease(C, writer, timedelta(seconds=60), token=3)))
    return path
