"""What kubelets do for pods: machines join, their pods run, and end when they are asked to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import NodeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Node, Pod
from lightkube.types import PatchType

if TYPE_CHECKING:
    from kled.kubernetes.client import Api

_BEAT = 5.0
"""Seconds between two signs of life of each machine."""
_LOOK = 0.2
_ROOM = {"cpu": "4", "memory": "4Gi", "pods": "50"}


class Kubelets:
    """The kubelets of all machines, in one thread; use it as a context."""

    def __init__(self, api: Api, machines: tuple[str, ...]) -> None:
        self._client = api.client
        self._machines = machines
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="kubelets")

    def __enter__(self) -> Kubelets:
        for machine in self._machines:
            about = ObjectMeta(name=machine, labels={"kubernetes.io/hostname": machine})
            provider = f"aws:///us-east-1a/i-{machine}"
            self._client.apply(
                Node(metadata=about, spec=NodeSpec(providerID=provider)), field_manager="kubelet"
            )
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for machine in self._machines:
            self._client.delete(Node, machine)

    def _work(self) -> None:
        looks = 0
        while not self._over.wait(_LOOK):
            looks += 1
            try:
                if looks % round(_BEAT / _LOOK) == 0:
                    self._beat()
                for pod in self._client.list(Pod, namespace="*"):
                    self._look_after(pod)
            except (ApiError, httpx2.HTTPError):
                continue  # the API is away, or somebody was faster

    def _beat(self) -> None:
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
        beat = {**ready, "lastHeartbeatTime": _now(), "lastTransitionTime": _now()}
        status = {"conditions": [beat], "capacity": _ROOM, "allocatable": _ROOM}
        for machine in self._machines:
            self._client.patch(Node.Status, machine, {"status": status}, patch_type=PatchType.MERGE)

    def _look_after(self, pod: Pod) -> None:
        metadata, spec, status = pod.metadata, pod.spec, pod.status
        if metadata is None or spec is None or spec.nodeName not in self._machines:
            return
        name, namespace = str(metadata.name), str(metadata.namespace)
        if metadata.deletionTimestamp:
            self._client.delete(Pod, name, namespace=namespace, grace_period=0)
        elif status is None or status.phase != "Running":
            self._client.patch(
                Pod.Status,
                name,
                {"status": _running(spec.containers[0].name)},
                namespace=namespace,
                patch_type=PatchType.MERGE,
            )


def _running(container: str) -> dict[str, Any]:
    now = _now()
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now}
        for kind in ("Initialized", "ContainersReady", "Ready")
    ]
    state = {"running": {"startedAt": now}}
    image = {"image": "pause", "imageID": "", "restartCount": 0}
    started = {"name": container, "ready": True, "started": True, "state": state, **image}
    return {"phase": "Running", "conditions": conditions, "containerStatuses": [started]}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
