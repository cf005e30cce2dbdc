"""Workloads for a real API: a namespace of a test's own, what runs in it, and its budgets."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lightkube import codecs
from lightkube.resources.core_v1 import Namespace, Pod

from kled.kubernetes.apply import apply
from kled.kubernetes.pods import pods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kled.kubernetes.client import Api
    from kled.models.kubernetes import PodState

_PATIENCE = 60.0


class Workloads:
    """What one test runs, in one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    def deploy(self, name: str, replicas: int, **spec: Any) -> None:
        """Run a deployment, and wait until each of its pods is ready."""
        self._apply("apps/v1", "Deployment", name, {"replicas": replicas, **_template(name, spec)})
        eventually(lambda: len(self.ready(name)) == replicas)

    def run_on_each_node(self, name: str, nodes: int) -> None:
        """Run a daemon set, and wait until it has a pod on each node."""
        self._apply("apps/v1", "DaemonSet", name, _template(name, {}))
        eventually(lambda: len(self.ready(name)) == nodes)

    def run(self, name: str, node: str, **metadata: Any) -> None:
        """Run a pod of nobody on one node."""
        about = {"name": name, "namespace": self.namespace, "labels": {"app": name}, **metadata}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": about}
        self._create({**pod, "spec": {**_containers(), "nodeName": node}})
        eventually(lambda: len(self.ready(name)) == 1)

    def budget(self, name: str, of: str, **spec: Any) -> None:
        """Protect a workload, and wait until the budget counts its pods."""
        selector = {"selector": {"matchLabels": {"app": of}}}
        self._apply("policy/v1", "PodDisruptionBudget", name, {**selector, **spec})

    def let_go(self, name: str) -> None:
        """Take the finalizers of a pod away."""
        self.api.client.patch(
            Pod, name, {"metadata": {"finalizers": None}}, namespace=self.namespace
        )

    def ready(self, name: str) -> list[PodState]:
        """The pods of a workload that run and are not about to end."""
        return [
            pod
            for pod in pods(self.api)
            if pod.namespace == self.namespace
            and pod.labels.get("app") == name
            and pod.ready
            and not pod.leaving
        ]

    def _apply(self, version: str, kind: str, name: str, spec: dict[str, Any]) -> None:
        metadata = {"name": name, "namespace": self.namespace}
        document = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
        apply(self.api, document)

    def _create(self, document: dict[str, Any]) -> None:
        wanted: Any = codecs.from_dict(document)
        self.api.client.create(wanted)


@contextmanager
def workloads(api: Api, namespace: str) -> Iterator[Workloads]:
    """A namespace with its service account; what ran in it ends with the test."""
    apply(api, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    here = Workloads(api, namespace)
    yield here
    api.client.delete(Namespace, namespace)
    eventually(lambda: all(pod.namespace != namespace for pod in pods(api)))


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is true; fail where it does not become so."""
    ends = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        time.sleep(0.2)


def _template(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {**_containers(), **spec}}
    return {"selector": {"matchLabels": labels}, "template": template}


def _containers() -> dict[str, Any]:
    return {"containers": [{"name": "pause", "image": "pause"}]}
