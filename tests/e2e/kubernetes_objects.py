"""The nodes and pods that a cluster's instances would make: computed anew from the cloud each time.

A node joins as soon as its instance runs and leaves with it. What clients change through the API
(taints, cordons, evictions, deleted nodes) and the faults of a test are all that is remembered.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]

LABEL = "k8s.io/cluster-autoscaler/node-template/label/"
"""What a machine's tag begins with that becomes a label of its node."""
CREATED = "2026-01-01T00:00:00Z"
STATIC_PODS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
VERSION = "v1.36.0"
NODE_INFO = (
    *("architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion"),
    *("machineID", "operatingSystem", "osImage", "systemUUID"),
)
"""Fields that every kubelet fills in: the API's schema requires them."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One running virtual machine of a cluster."""

    id: str
    zone: str
    address: str
    control_plane: bool
    labels: dict[str, str]
    """Of its node: what the machine's tags carry, as kops-controller puts them there."""


@dataclass(slots=True)
class Faults:
    """What a test breaks: instance ids, pod names, and whether anything answers at all."""

    missing: set[str] = field(default_factory=set)
    not_ready: set[str] = field(default_factory=set)
    pending: set[str] = field(default_factory=set)
    missing_pods: set[str] = field(default_factory=set)
    unreachable: bool = False


def running_instances(ec2: Any, cluster: str) -> list[Instance]:
    """The running instances that carry the cluster's tag, detached ones included."""
    filters: list[Any] = [
        {"Name": "tag:KubernetesCluster", "Values": [cluster]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=filters)
    raw = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    return sorted(map(_instance, raw), key=lambda each: each.id)


def _instance(raw: Any) -> Instance:
    tags = {tag["Key"]: tag["Value"] for tag in raw["Tags"]}
    return Instance(
        id=raw["InstanceId"],
        zone=raw["Placement"]["AvailabilityZone"],
        address=raw["PrivateIpAddress"],
        control_plane="k8s.io/role/control-plane" in tags,
        labels={
            key.removeprefix(LABEL): value for key, value in tags.items() if key.startswith(LABEL)
        },
    )


class ClusterObjects:
    """The API objects of one cluster."""

    def __init__(self, instances: Callable[[], list[Instance]], replicas: int = 2) -> None:
        self.faults = Faults()
        self._instances = instances
        self._specs: dict[str, Json] = {}
        self._deleted: set[str] = set()
        self._generations = dict.fromkeys(range(replicas), 0)
        self._placed: dict[int, str] = {}

    def has_control_plane(self) -> bool:
        """Whether any instance runs that could answer."""
        return any(each.control_plane for each in self._instances())

    def nodes(self) -> list[Json]:
        """Every node that has joined, by name."""
        return [self._node(each) for each in self._joined()]

    def pods(self) -> list[Json]:
        """The static pods of each control-plane node and two CoreDNS replicas on workers."""
        joined = self._joined()
        static = (self._static(app, n) for n in joined if n.control_plane for app in STATIC_PODS)
        pods = itertools.chain(static, self._replicas(joined))
        return [pod for pod in pods if pod["metadata"]["name"] not in self.faults.missing_pods]

    def patch_node(self, name: str, patch: Json) -> None:
        """Merge a strategic patch's `spec` into a node's (taints by key; null removes a field)."""
        spec = self._specs.setdefault(name, {})
        for key, value in patch.get("spec", {}).items():
            if key == "taints":
                taints = {t["key"]: t for t in [*spec.get("taints", []), *value]}
                spec["taints"] = [t for t in taints.values() if t.get("$patch") != "delete"]
            elif value is None:
                spec.pop(key, None)
            elif not key.startswith("$"):
                spec[key] = value

    def delete_node(self, name: str) -> None:
        """Forget a node whose instance still runs; it does not come back."""
        self._deleted.add(name)

    def evict(self, name: str) -> None:
        """End a replica; its successor has another name. Static pods cannot be evicted."""
        _, replica, _ = name.rsplit("-", 2)
        self._generations[int(replica)] += 1
        del self._placed[int(replica)]

    def _joined(self) -> list[Instance]:
        absent = self.faults.missing | self._deleted
        return [each for each in self._instances() if each.id not in absent]

    def _node(self, instance: Instance) -> Json:
        ready = "False" if instance.id in self.faults.not_ready else "True"
        labels = {
            "kubernetes.io/hostname": instance.id,
            "topology.kubernetes.io/zone": instance.zone,
            **instance.labels,
        }
        provider = {"providerID": f"aws:///{instance.zone}/{instance.id}"}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": metadata(instance.id, labels=labels),
            "spec": provider | self._specs.get(instance.id, {}),
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": instance.address},
                    {"type": "Hostname", "address": instance.id},
                ],
                "conditions": [{"type": "Ready", "status": ready}],
                "nodeInfo": dict.fromkeys(NODE_INFO, "") | {"kubeletVersion": VERSION},
            },
        }

    def _static(self, app: str, node: Instance) -> Json:
        mirror = {"kubernetes.io/config.mirror": "static"}
        return self._pod(f"{app}-{node.id}", app, node, {"annotations": mirror})

    def _replicas(self, joined: list[Instance]) -> Iterator[Json]:
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "coredns", "uid": "coredns"}
        for replica, generation in self._generations.items():
            node = self._place(replica, joined)
            extra = {"ownerReferences": [owner | {"controller": True}]}
            yield self._pod(f"coredns-{replica}-{generation}", "kube-dns", node, extra)

    def _place(self, replica: int, joined: list[Instance]) -> Instance | None:
        """A replica stays on its node, cordoned or not, until it is evicted or the node is gone."""
        here = {each.id: each for each in joined if not each.control_plane}
        cordoned = {n for n, spec in self._specs.items() if spec.get("unschedulable")}
        if self._placed.get(replica) not in here:
            free = [name for name in here if name not in cordoned]
            self._placed[replica] = free[replica % len(free)] if free else ""
        return here.get(self._placed[replica])

    def _pod(self, name: str, app: str, node: Instance | None, extra: Json) -> Json:
        pending = node is None or name in self.faults.pending
        running = {"name": app, "ready": True, "image": app, "imageID": app, "restartCount": 0}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata(name, "kube-system", labels={"k8s-app": app}) | extra,
            "spec": {
                "priorityClassName": "system-cluster-critical",
                "nodeName": node.id if node else "",
                "containers": [{"name": app, "image": app}],
            },
            "status": {
                "phase": "Pending" if pending else "Running",
                "hostIP": node.address if node else "",
                "conditions": [{"type": "Ready", "status": str(not pending)}],
                "containerStatuses": [] if pending else [running],
            },
        }


def metadata(name: str, namespace: str | None = None, *, labels: dict[str, str]) -> Json:
    """Metadata with a uid that is the same for the same name."""
    named = {"name": name} | ({"namespace": namespace} if namespace else {})
    uid = str(uuid5(NAMESPACE_URL, f"{namespace}/{name}"))
    return {**named, "uid": uid, "creationTimestamp": CREATED, "labels": labels}
