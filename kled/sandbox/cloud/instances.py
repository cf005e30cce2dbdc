"""Machines of autoscaling groups: launched, booting, joined, replaced."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kled.sandbox import clock, faults
from kled.sandbox.cloud import node_labels
from kled.sandbox.cloud.account import Cloud, State, key, new_id
from kled.sandbox.context import Context

JOINS_AFTER, READY_AFTER = 90.0, 120.0
"""Simulated seconds from a machine's launch until its node registers, and until it is ready."""


@dataclass(frozen=True)
class Machine:
    """One instance as the cloud and the cluster see it now."""

    id: str
    cluster: str
    group: str
    """The autoscaling group's name."""
    short_group: str
    zone: str
    ip: str
    machine_type: str
    control_plane: bool
    bastion: bool
    """A machine for people's SSH: it runs no kubelet and never joins."""
    up_to_date: bool
    detached: bool
    tainted: bool
    joined: bool
    ready: bool
    launched: float
    """POSIX time."""
    labels: Mapping[str, str]
    """What kops-controller labels its node with: the group's definition when it was launched."""


def machines(ctx: Context, cloud: Cloud, cluster: str) -> list[Machine]:
    """Return the cluster's machines by group and id, as they are at this moment."""
    state = cloud.read()
    factor = clock.speed(ctx.sandbox)
    injected = faults.active(ctx.sandbox)
    members = []
    for record in state["instances"].values():
        if record["cluster"] != cluster:
            continue
        age = clock.seconds_since(record["launched"], ctx.now(), factor)
        joins = age >= JOINS_AFTER and not (_is_bastion(record) or _stays_away(injected, record))
        sick = _struck(injected.get("not-ready"), record)
        members.append(_machine(state, record, joined=joins, ready=age >= READY_AFTER and not sick))
    return sorted(members, key=lambda machine: (machine.group, machine.id))


def api_answers(ctx: Context, cloud: Cloud, cluster: str) -> bool:
    """Tell whether the Kubernetes API does: one control-plane machine is up, no fault is on."""
    if "api-unreachable" in faults.active(ctx.sandbox):
        return False
    return any(m.control_plane and m.joined for m in machines(ctx, cloud, cluster))


def settle(state: State, cluster: str, group: str, now: float) -> None:
    """Launch or terminate machines until the group has as many as it wants.

    The group's desired count follows its bounds, as an autoscaling group's does.
    """
    record = state["resources"][key(cluster, "AutoscalingGroup", group)]
    bounds = dict(record["fields"])
    low, high = int(bounds["MinSize"]), int(bounds["MaxSize"])
    desired = min(max(record.get("desired", low), low), high)
    record["desired"] = desired
    attached = [
        machine
        for machine in state["instances"].values()
        if (machine["cluster"], machine["group"]) == (cluster, group) and not machine["detached"]
    ]
    too_many = max(0, len(attached) - desired)
    for machine in sorted(attached, key=lambda m: m["launched"])[:too_many]:
        del state["instances"][machine["id"]]
    missing = 0 if "Launch" in bounds.get("SuspendProcesses", "") else desired - len(attached)
    for _ in range(missing):
        _launch(state, cluster, group, now)


def _launch(state: State, cluster: str, group: str, now: float) -> None:
    owner = state["resources"][key(cluster, "AutoscalingGroup", group)]
    fields = dict(owner["fields"])
    template = state["resources"][key(cluster, "LaunchTemplate", group)]
    made_of = dict(template["fields"])
    names = [part.removeprefix("name:") for part in fields["Subnets"].strip("[]").split(", ")]
    ours = [m for m in state["instances"].values() if m["group"] == group]
    subnet = dict(
        state["resources"][key(cluster, "Subnet", names[len(ours) % len(names)])]["fields"]
    )
    new = new_id(state, "Instance")
    state["instances"][new] = {
        "id": new,
        "cluster": cluster,
        "group": group,
        "zone": subnet["AvailabilityZone"],
        "ip": _address(state, subnet["CIDR"]),
        "machine_type": made_of["InstanceType"],
        "spot": bool(made_of["SpotPrice"]),
        "tags": dict(owner.get("machine_tags", {})),
        "version": template["version"],
        "launched": now,
        "detached": False,
        "tainted": False,
    }


def _address(state: State, cidr: str) -> str:
    network = ipaddress.IPv4Network(cidr)
    taken = {machine["ip"] for machine in state["instances"].values()}
    return next(
        str(address)
        for address in (network[number] for number in range(4, network.num_addresses))
        if str(address) not in taken
    )


def _is_bastion(record: dict[str, Any]) -> bool:
    return "k8s.io/role/bastion" in record.get("tags", {})


def _stays_away(injected: dict[str, dict[str, Any]], record: dict[str, Any]) -> bool:
    """Tell whether `never-joins` holds a machine: one that was launched since it was injected."""
    options = injected.get("never-joins")
    if options is None or record["launched"] < options["since"]:
        return False
    return _struck(options, record)


def _struck(options: dict[str, Any] | None, record: dict[str, Any]) -> bool:
    """Tell whether a fault's group or instance is this machine; neither named: a worker is."""
    if options is None:
        return False
    if "instance" in options:
        return bool(options["instance"] == record["id"])
    if "group" in options:
        return bool(record["group"].startswith(f"{options['group']}."))
    return ".masters." not in record["group"]


def _machine(state: State, record: dict[str, Any], *, joined: bool, ready: bool) -> Machine:
    template = state["resources"].get(key(record["cluster"], "LaunchTemplate", record["group"]))
    control_plane = f".masters.{record['cluster']}" in record["group"]
    suffix = f".masters.{record['cluster']}" if control_plane else f".{record['cluster']}"
    current = template is not None and template["version"] == record["version"]
    return Machine(
        id=record["id"],
        cluster=record["cluster"],
        group=record["group"],
        short_group=record["group"].removesuffix(suffix),
        zone=record["zone"],
        ip=record["ip"],
        machine_type=record["machine_type"],
        control_plane=control_plane,
        bastion=_is_bastion(record),
        up_to_date=current and not record["detached"],
        detached=record["detached"],
        tainted=record["tainted"],
        joined=joined,
        ready=joined and ready,
        launched=record["launched"],
        labels=node_labels.from_tags(record.get("tags", {}), spot=record.get("spot", False)),
    )
