"""Objects as the API shows them."""

from typing import Final

from kled.sandbox.kubernetes import budgets, builtin, nodes
from kled.sandbox.kubernetes.controllers import is_ready, replica_set
from kled.sandbox.kubernetes.world import Json, World, moment, uid

KINDS: Final = {
    "nodes": ("v1", "Node"),
    "pods": ("v1", "Pod"),
    "namespaces": ("v1", "Namespace"),
    "services": ("v1", "Service"),
    "configmaps": ("v1", "ConfigMap"),
    "serviceaccounts": ("v1", "ServiceAccount"),
    "deployments": ("apps/v1", "Deployment"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "daemonsets": ("apps/v1", "DaemonSet"),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget"),
}
"""By plural: the group and version, and the kind."""
SHORT: Final = {
    "nodes": "no",
    "pods": "po",
    "namespaces": "ns",
    "services": "svc",
    "configmaps": "cm",
    "serviceaccounts": "sa",
    "deployments": "deploy",
    "replicasets": "rs",
    "statefulsets": "sts",
    "daemonsets": "ds",
    "poddisruptionbudgets": "pdb",
}
"""What people type instead."""
CLUSTERWIDE: Final = frozenset({"nodes", "namespaces"})
WRITTEN: Final = frozenset(KINDS) - {"nodes", "pods", "replicasets"}
"""What clients write; the others are made by controllers and kubelets."""
_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")


def everything(world: World, plural: str) -> dict[str, Json]:
    """Return all objects of a kind by `namespace/name` (nodes and namespaces: by name)."""
    if plural == "nodes":
        return {name: nodes.document(world, name) for name in sorted(world.joined)}
    if plural == "pods":
        return {name: _pod(world, pod) for name, pod in sorted(world.state["pods"].items())}
    if plural == "replicasets":
        deployments = everything(world, "deployments").values()
        return {
            f"{deployment['metadata']['namespace']}/{replica_set(deployment)[1]}": _set(deployment)
            for deployment in deployments
        }
    known = {**builtin.workloads().get(plural, {}), **world.state["objects"].get(plural, {})}
    if plural == "namespaces":
        known = {**{name: {"metadata": {"name": name}} for name in _NAMESPACES}, **known}
    shown = {name: {**typed(plural), **item} for name, item in sorted(known.items())}
    if plural == "poddisruptionbudgets":
        shown = {
            name: {**budget, "status": budgets.status(world, budget)}
            for name, budget in shown.items()
        }
    return shown


def typed(plural: str) -> Json:
    """Return the first two fields of every object of a kind."""
    version, kind = KINDS[plural]
    return {"apiVersion": version, "kind": kind}


def _pod(world: World, pod: Json) -> Json:
    machine = world.joined.get(pod["node"])
    about: Json = {
        "name": pod["name"],
        "namespace": pod["namespace"],
        "uid": pod["uid"],
        "creationTimestamp": moment(pod["created"]),
        "labels": pod["labels"],
        "annotations": pod["annotations"],
    }
    if pod["finalizers"]:
        about["finalizers"] = pod["finalizers"]
    if pod["leaving"]:
        about["deletionTimestamp"] = moment(pod["leaving"])
    if pod["owner"]:
        owner = {"apiVersion": "apps/v1", "controller": True, **pod["owner"]}
        about["ownerReferences"] = [owner]
    ready = is_ready(world, pod)
    return {
        **typed("pods"),
        "metadata": about,
        "spec": {"containers": [{"name": "main"}], **pod["spec"], "nodeName": pod["node"]},
        "status": {
            "phase": "Running" if ready else "Pending",
            "hostIP": machine.ip if machine else "",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def _set(deployment: Json) -> Json:
    digest, name = replica_set(deployment)
    about = deployment["metadata"]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": about["name"],
        "uid": str(about["uid"]),
        "controller": True,
    }
    spec = deployment["spec"]
    return {
        **typed("replicasets"),
        "metadata": {
            "name": name,
            "namespace": about["namespace"],
            "uid": uid("ReplicaSet", about["namespace"], name, str(about["uid"])),
            "labels": {"pod-template-hash": digest},
            "ownerReferences": [owner],
        },
        "spec": {"replicas": spec.get("replicas", 1), "selector": spec.get("selector", {})},
        "status": {"replicas": spec.get("replicas", 1)},
    }
