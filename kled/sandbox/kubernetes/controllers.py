"""What controllers, scheduler and kubelets would have done by now. Idempotent."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from kled.sandbox.kubernetes import builtin
from kled.sandbox.kubernetes.nodes import labels_of, taints_of
from kled.sandbox.kubernetes.world import Json, World, uid

_READY_AFTER, _ENDS_AFTER = 5.0, 2.0
"""Simulated seconds from a pod's binding until it is ready, and from its eviction to its end."""
_KEEPS_AWAY: Final = frozenset({"NoSchedule", "NoExecute"})


def reconcile(world: World) -> None:
    """Bring pods to where they would be: ended, made anew, bound, ready."""
    if not world.machines:
        world.state["pods"].clear()
        return
    _end(world)
    owners = {workload["uid"]: workload for workload in _controllers(world)}
    for workload in owners.values():
        _scale(world, workload)
    for name, pod in list(world.state["pods"].items()):
        owner = pod["owner"]
        if owner and owner["uid"] not in owners and owner["kind"] != "Node":
            del world.state["pods"][name]
    _static(world)
    _bind(world)


def replica_set(deployment: Json) -> tuple[str, str]:
    """Return the hash of a deployment's template and the name of its replica set."""
    text = json.dumps(deployment["spec"].get("template", {}), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:9]
    return digest, f"{deployment['metadata']['name']}-{digest}"


def is_ready(world: World, pod: Json) -> bool:
    """Say whether the pod answers: bound to a node that is ready, for long enough."""
    machine = world.joined.get(pod["node"])
    started = machine is not None and machine.ready and not pod["finished"]
    return started and world.passed(pod["bound"]) >= _READY_AFTER


def _end(world: World) -> None:
    """Remove pods of machines that are gone, which nobody drained, and those that were evicted."""
    for name, pod in list(world.state["pods"].items()):
        gone = pod["node"] and pod["node"] not in world.joined
        if gone and not pod["leaving"] and not pod["of_machine"] and not pod["finished"]:
            world.state["kills"].append({"pod": name, "node": pod["node"]})
        over = pod["leaving"] and world.passed(pod["leaving"]) >= _ENDS_AFTER
        if gone or (over and not pod["finalizers"]):
            del world.state["pods"][name]
    for name in [name for name in world.state["nodes"] if name not in world.machines]:
        del world.state["nodes"][name]


def _controllers(world: World) -> Iterator[Json]:
    """Yield what makes pods: kind, namespace, name, uid, template, and how many or where."""
    for plural in ("deployments", "statefulsets", "daemonsets"):
        known = {**builtin.workloads().get(plural, {}), **world.state["objects"].get(plural, {})}
        for workload in known.values():
            spec, about = workload["spec"], workload["metadata"]
            template = spec.get("template") or {}
            kind, name, extra = _KINDS[plural], about["name"], {}
            if plural == "deployments":
                digest, name = replica_set(workload)
                extra = {"pod-template-hash": digest}
            yield {
                "kind": kind,
                "namespace": about["namespace"],
                "name": name,
                "uid": uid(kind, about["namespace"], name, str(about["uid"])),
                "labels": {**template.get("metadata", {}).get("labels", {}), **extra},
                "annotations": template.get("metadata", {}).get("annotations", {}),
                "finalizers": template.get("metadata", {}).get("finalizers", []),
                "spec": template.get("spec", {}),
                "replicas": spec.get("replicas", 1),
            }


_KINDS: Final = {
    "deployments": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
}


def _scale(world: World, workload: Json) -> None:
    """Make missing pods, and let go of those that are too many."""
    ours = [
        pod
        for pod in world.state["pods"].values()
        if pod["owner"] and pod["owner"]["uid"] == workload["uid"]
    ]
    too_many = _SCALES[workload["kind"]](world, workload, ours)
    for pod in too_many:
        pod["leaving"] = pod["leaving"] or world.now


def _scale_daemons(world: World, workload: Json, ours: list[Json]) -> list[Json]:
    covered = {pod["node"] for pod in ours if not pod["leaving"]}
    for node in world.joined:
        if node not in covered and _fits(world, workload["spec"], node):
            _make(world, workload, f"{workload['name']}-{world.next_number():05d}", node=node)
    return []


def _scale_named(world: World, workload: Json, ours: list[Json]) -> list[Json]:
    taken = {pod["name"] for pod in ours}  # a name is free when its pod is gone
    wanted = [f"{workload['name']}-{number}" for number in range(workload["replicas"])]
    for name in wanted:
        if name not in taken:
            _make(world, workload, name)
    return [pod for pod in ours if pod["name"] not in wanted]


def _scale_alike(world: World, workload: Json, ours: list[Json]) -> list[Json]:
    staying = [pod for pod in ours if not pod["leaving"]]
    for _ in range(workload["replicas"] - len(staying)):
        _make(world, workload, f"{workload['name']}-{world.next_number():05d}")
    return staying[workload["replicas"] :]


_SCALES: Final = {
    "ReplicaSet": _scale_alike,
    "StatefulSet": _scale_named,
    "DaemonSet": _scale_daemons,
}


def _make(world: World, workload: Json, name: str, *, node: str = "") -> None:
    owner = {key: workload[key] for key in ("kind", "name", "uid")}
    add_pod(world, {**workload, "name": name}, owner=owner, node=node)


def add_pod(world: World, template: Json, *, owner: Json | None, node: str = "") -> Json:
    """Keep a new pod of a template: namespace, name, labels, annotations, finalizers, spec.

    Pods of daemon sets and of nodes themselves belong to their machine.
    """
    namespace, name = template["namespace"], template["name"]
    pod = {
        "namespace": namespace,
        "name": name,
        "uid": uid(namespace, name, str(world.next_number())),
        "labels": template.get("labels", {}),
        "annotations": template.get("annotations", {}),
        "finalizers": template.get("finalizers", []),
        "spec": template.get("spec", {}),
        "owner": owner,
        "node": node,
        "created": world.now,
        "bound": world.now,
        "leaving": 0.0,
        "finished": False,
        "of_machine": bool(owner and owner["kind"] in {"DaemonSet", "Node"}),
    }
    world.state["pods"][f"{namespace}/{name}"] = pod
    return pod


def _static(world: World) -> None:
    for node, machine in world.joined.items():
        for app in builtin.STATIC if machine.control_plane else ():
            template = {
                "namespace": "kube-system",
                "name": f"{app}-{node}",
                "labels": {"k8s-app": app},
                "annotations": {"kubernetes.io/config.mirror": "static"},
            }
            if f"kube-system/{app}-{node}" not in world.state["pods"]:
                owner = {"kind": "Node", "name": node, "uid": node}
                add_pod(world, template, owner=owner, node=node)


def _bind(world: World) -> None:
    """Give each waiting pod the emptiest node that takes it."""
    load = Counter(pod["node"] for pod in world.state["pods"].values() if pod["node"])
    for pod in world.state["pods"].values():
        if pod["node"] or pod["leaving"]:
            continue
        free = [node for node in world.joined if _takes(world, pod["spec"], node)]
        if free:
            pod["node"] = min(free, key=lambda node: (load[node], node))
            pod["bound"] = world.now
            load[pod["node"]] += 1


def _takes(world: World, spec: Json, node: str) -> bool:
    machine = world.joined[node]
    changed = world.state["nodes"].get(node, {})
    if not machine.ready or changed.get("unschedulable") or machine.control_plane:
        return False
    taints = taints_of(world, node)
    return _fits(world, spec, node) and not any(taint["effect"] in _KEEPS_AWAY for taint in taints)


def _fits(world: World, spec: Json, node: str) -> bool:
    has = labels_of(world, node)
    return all(has.get(name) == value for name, value in spec.get("nodeSelector", {}).items())
