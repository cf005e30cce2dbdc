"""`kops rolling-update cluster`: which groups are out of date, and replacing their machines."""

import math
from dataclasses import dataclass
from typing import Any

from kled.sandbox.clock import spelled
from kled.sandbox.cloud import health
from kled.sandbox.cloud.account import Cloud, connect, key
from kled.sandbox.cloud.group_tasks import full_name
from kled.sandbox.cloud.instances import Machine, machines
from kled.sandbox.cloud.membership import machines_of_groups, warn
from kled.sandbox.cloud.rolling import Roller
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import load_cluster, load_groups
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.tables import render

_COLUMNS = ("NAME", "STATUS", "NEEDUPDATE", "READY", "MIN", "TARGET", "MAX")
_ROLES = {
    "Bastion": "bastion",
    "Master": "control-plane",
    "APIServer": "apiserver",
    "Node": "node",
}
_ORDER = tuple(_ROLES.values())
_INTERVALS = {"bastion": "bastion-interval", "control-plane": "control-plane-interval"}
_UNREACHABLE = """Unable to reach the kubernetes API.
Use --cloudonly to do a rolling-update without confirming progress with the k8s API

"""


@dataclass(frozen=True)
class _Group:
    """An instance group that the cloud has, with its machines."""

    name: str
    role: str
    """As `--instance-group-roles` names it: `bastion`, `control-plane`, `apiserver` or `node`."""
    bounds: tuple[str, str, str]
    """Minimum, target and maximum."""
    machines: list[Machine]
    surge: int = 1
    """How many may be detached, and so replaced, before the first is drained (`maxSurge`)."""

    @property
    def control_plane(self) -> bool:
        """Tell whether its machines are the control plane."""
        return self.role == "control-plane"

    @property
    def outdated(self) -> list[Machine]:
        """Return what must be replaced; what is detached already goes last (capture cp-21)."""
        old = [machine for machine in self.machines if not machine.up_to_date]
        return sorted(old, key=lambda machine: machine.detached)


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Print the groups' table and, with --yes, replace what is out of date (--force: all)."""
    name = flags["name"]
    cluster = load_cluster(ctx, name)
    if flags["interactive"]:
        raise KopsFailure("the simulated kops has no --interactive")
    cloud = connect(ctx, cluster)
    api = not flags["cloudonly"]
    if api:
        _require_api(ctx, cloud, name)
    groups = _groups(ctx, cloud, flags)
    ctx.stdout.write(_table(groups, api=api))
    ctx.stdout.flush()
    pending = [group for group in groups if group.outdated or (flags["force"] and group.machines)]
    if not pending:
        ctx.out("\nNo rolling-update required.")
    elif not flags["yes"]:
        ctx.out("\nMust specify --yes to rolling-update.")
    else:
        _roll(Roller(ctx, cloud, name, flags, api=api), pending)
        every = " ".join(group.name for group in groups)
        text = f'Completed rolling update for cluster "{name}" instance groups [{every}]'
        ctx.log("I", "rollingupdate.go:236", text)
    return 0


def _require_api(ctx: Context, cloud: Cloud, name: str) -> None:
    try:
        health.require_authority(ctx, name)
    except KopsFailure as failure:
        raise KopsFailure(f"getting rest config: {failure}") from failure
    try:
        health.require_api(ctx, cloud, name)
    except KopsFailure as failure:
        ctx.stderr.write(_UNREACHABLE)
        text = str(failure).replace("error listing nodes: ", "error listing nodes in cluster: ")
        raise KopsFailure(text) from failure


def _groups(ctx: Context, cloud: Cloud, flags: Flags) -> list[_Group]:
    name, wanted = flags["name"], set(flags["instance-group"])
    stored = load_groups(ctx, name)
    for unknown in sorted(wanted - {group["metadata"]["name"] for group in stored}):
        raise KopsFailure(f'InstanceGroup "{unknown}" not found')
    resources = cloud.read()["resources"]
    warn(ctx, cloud, name, stored, unmatched=True)
    members = machines_of_groups(machines(ctx, cloud, name), name, stored)
    roles = set(flags["instance-group-roles"])
    for unknown in sorted(roles - set(_ROLES.values())):
        raise KopsFailure(f'invalid instance group role "{unknown}"')
    chosen = []
    for group in stored:
        own, role = group["metadata"]["name"], _ROLES.get(group["spec"].get("role", ""), "")
        record = resources.get(key(name, "AutoscalingGroup", full_name(name, group)))
        if not role:
            continue
        if record and (not wanted or own in wanted) and (not roles or role in roles):
            ours = members[own]
            surge = _surge_of(group, len(ours))
            chosen.append(_Group(own, role, _bounds(record), ours, surge))
    return chosen


def _surge_of(group: dict[str, Any], machines: int) -> int:
    """Return the group's maxSurge: a number or a percentage, rounded up; 1 by default."""
    told = str((group["spec"].get("rollingUpdate") or {}).get("maxSurge", 1))
    if told.endswith("%"):
        return math.ceil(int(told[:-1]) * machines / 100)
    return int(told)


def _bounds(record: dict[str, Any]) -> tuple[str, str, str]:
    fields = dict(record["fields"])
    return fields["MinSize"], str(record["desired"]), fields["MaxSize"]


def _table(groups: list[_Group], *, api: bool) -> str:
    header = (*_COLUMNS, "NODES") if api else _COLUMNS
    rows = [(*_row(group), str(sum(m.joined for m in group.machines))) for group in groups]
    return render(header, [row[: len(header)] for row in rows])


def _row(group: _Group) -> tuple[str, ...]:
    old = len(group.outdated)
    ready = len(group.machines) - old
    return group.name, "NeedsUpdate" if old else "Ready", str(old), str(ready), *group.bounds


def _roll(roller: Roller, groups: list[_Group]) -> None:
    """Roll bastions first, then the control plane, API servers and nodes, a group at a time."""
    for group in sorted(groups, key=lambda group: _ORDER.index(group.role)):
        try:
            _roll_group(roller, group)
        except KopsFailure as failure:
            text = f'failed to roll InstanceGroup "{group.name}": {failure}'
            roller.ctx.log("E", "rollingupdate.go:219", text)
            raise


def _roll_group(roller: Roller, group: _Group) -> None:
    flags = roller.flags
    queue = list(group.machines) if flags["force"] else group.outdated
    pause = flags[_INTERVALS.get(group.role, "node-interval")]
    if group.role == "bastion":  # no part of the cluster: kops neither validates nor drains
        for machine in queue:
            roller.remove(machine, pause)
        return
    roller.validate("", 1)
    if roller.api:
        roller.taint(queue)
        surge = 0 if group.control_plane else group.surge
        if not any(machine.detached for machine in queue):
            queue = _surge(roller, queue, pause, surge)
    for machine in queue:
        roller.remove(machine, pause)
        roller.validate(" after removing a node", flags["validate-count"])


def _surge(roller: Roller, queue: list[Machine], pause: float, surge: int) -> list[Machine]:
    """Detach some machines first, so that the group never has too few; they are removed last."""
    first, others = queue[:surge], queue[surge:]
    if not first:
        return queue
    for machine in first:
        roller.detach(machine)
    text = f"waiting for {spelled(pause)} after detaching instance"
    roller.ctx.log("I", "instancegroups.go:225", text)
    roller.ctx.sleep(pause)
    roller.validate(" after detaching instance", roller.flags["validate-count"])
    return [*others, *first]
