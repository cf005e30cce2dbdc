"""Nodes: machines that joined, with what clients changed of them."""

from typing import Any, Final

from kled.sandbox.cloud import node_labels
from kled.sandbox.cloud.instances import Machine
from kled.sandbox.kubernetes.builtin import CONTROL_PLANE
from kled.sandbox.kubernetes.world import Json, World, moment, uid

SCHEDULED: Final = "kops.k8s.io/scheduled-for-update"
"""The taint that kops puts on what it is about to replace (kops: instancegroups.go)."""


def labels_of(world: World, name: str) -> dict[str, str]:
    """Return a node's labels: the kubelet's and cloud's, clients', and what kops-controller keeps.

    kops-controller looks at a node whenever it changes: what a client did to a label of the group
    is undone, and a role that the group has not is removed.
    """
    machine = world.machines[name]
    known = {
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": machine.zone,
        "node.kubernetes.io/instance-type": machine.machine_type,
        **world.state["nodes"].get(name, {}).get("labels", {}),
    }
    kept = {label: value for label, value in known.items() if label not in node_labels.ROLES}
    return {**kept, **machine.labels}


def taints_of(world: World, name: str) -> list[dict[str, str]]:
    """Return a node's taints: its role's, kops', and what clients set."""
    machine = world.machines[name]
    changed = world.state["nodes"].get(name, {})
    if "taints" in changed:
        return list(changed["taints"])
    taints = _own_taints(machine)
    if machine.tainted:
        taints.append({"key": SCHEDULED, "effect": "PreferNoSchedule"})
    return taints


def document(world: World, name: str) -> Json:
    """Return the Node as the API shows it."""
    machine = world.machines[name]
    changed = world.state["nodes"].get(name, {})
    spec: Json = {"providerID": f"aws:///{machine.zone}/{name}"}
    taints = taints_of(world, name)
    if changed.get("unschedulable"):
        spec["unschedulable"] = True
        taints = [*taints, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    if taints:
        spec["taints"] = taints
    ready = "True" if machine.ready else "False"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": uid("node", name),
            "resourceVersion": str(changed.get("version", 1)),
            "creationTimestamp": moment(machine.launched),
            "labels": labels_of(world, name),
        },
        "spec": spec,
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": machine.ip},
                {"type": "Hostname", "address": name},
            ],
            "conditions": [{"type": "Ready", "status": ready}],
            "nodeInfo": _info(name),
        },
    }


def _info(name: str) -> dict[str, str]:
    return {
        "architecture": "amd64",
        "bootID": uid("boot", name),
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.8.0-1040-aws",
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.35.5",
        "machineID": uid("machine", name).replace("-", ""),
        "operatingSystem": "linux",
        "osImage": "Ubuntu 24.04.3 LTS",
        "systemUUID": uid("system", name),
    }


def change(world: World, name: str, body: Json, *, strategic: bool) -> None:
    """Take over what a patch says of labels, cordon and taints."""
    changed = world.state["nodes"].setdefault(name, {})
    spec: dict[str, Any] = body.get("spec") or {}
    if "unschedulable" in spec:
        changed["unschedulable"] = bool(spec["unschedulable"])
    if "taints" in spec:
        wanted = spec["taints"] or []
        if strategic:  # merged by key
            kept = {taint["key"]: taint for taint in [*taints_of(world, name), *wanted]}
            wanted = [taint for taint in kept.values() if taint.get("$patch") != "delete"]
        controllers = "node.kubernetes.io/unschedulable"
        changed["taints"] = [taint for taint in wanted if taint["key"] != controllers]
    labels = {**changed.get("labels", {}), **(body.get("metadata") or {}).get("labels", {})}
    changed["labels"] = {key: value for key, value in labels.items() if value is not None}
    changed["version"] = world.next_number()


def is_scheduled(world: World, name: str) -> bool:
    """Say whether kops has marked the node as one that it will replace."""
    return name in world.joined and any(
        taint["key"] == SCHEDULED for taint in taints_of(world, name)
    )


def schedule(world: World, name: str) -> None:
    """Mark the node so, also where somebody has removed the mark meanwhile."""
    changed = world.state["nodes"].get(name, {})
    if "taints" in changed and not is_scheduled(world, name):
        changed["taints"].append({"key": SCHEDULED, "effect": "PreferNoSchedule"})


def cordon(world: World, name: str) -> None:
    """Let no new pod go to a node, as a drain does."""
    change(world, name, {"spec": {"unschedulable": True}}, strategic=False)


def _own_taints(machine: Machine) -> list[dict[str, str]]:
    if not machine.control_plane:
        return []
    return [{"key": CONTROL_PLANE, "effect": "NoSchedule"}]
