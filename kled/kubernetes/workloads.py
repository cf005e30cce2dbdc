"""Who notices that a machine is replaced: workloads with one pod, and load balancers."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from kled.kubernetes.client import Api
from kled.kubernetes.pods import pods
from kled.models.kubernetes import PodState, Workload

_HASH: Final = "pod-template-hash"
"""The label by which a deployment's replica sets differ; their names end with it."""


def unreplicated(api: Api, names: Collection[str]) -> tuple[Workload, ...]:
    """Return the workloads whose only pod is on one of these nodes, and pods of nobody."""
    return alone(pods(api), names)


def alone(everywhere: Sequence[PodState], names: Collection[str]) -> tuple[Workload, ...]:
    """The same of a list of all pods. A pod without controller is not made anew when it is gone."""
    running = [pod for pod in everywhere if pod.evictable and not pod.finished and not pod.leaving]
    numbers = Counter(pod.owner.uid for pod in running if pod.owner)
    affected = {
        _workload(pod)
        for pod in running
        if pod.node in names and (pod.owner is None or numbers[pod.owner.uid] == 1)
    }
    return tuple(sorted(affected, key=str))


def load_balanced(api: Api) -> tuple[str, ...]:
    """Return the services of type LoadBalancer as `namespace/name`."""
    from lightkube.resources.core_v1 import Service  # noqa: PLC0415

    return tuple(
        sorted(
            f"{service.metadata.namespace}/{service.metadata.name}"
            for service in api.everywhere(Service)
            if service.metadata and service.spec and service.spec.type == "LoadBalancer"
        )
    )


def _workload(pod: PodState) -> Workload:
    if pod.owner is None:
        return Workload(pod.namespace, pod.name, "Pod of nobody", 1)
    kind, name = pod.owner.kind, pod.owner.name
    ending = f"-{pod.labels.get(_HASH, '')}"
    if kind == "ReplicaSet" and len(ending) > 1 and name.endswith(ending):
        kind, name = "Deployment", name.removesuffix(ending)
    return Workload(pod.namespace, name, kind, 1)
