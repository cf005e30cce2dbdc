"""Pods, and who makes them anew."""

from typing import TYPE_CHECKING, Final

from kled.kubernetes.client import Api
from kled.models.kubernetes import Owner, PodState

if TYPE_CHECKING:
    from lightkube.resources.core_v1 import Pod

_MIRROR: Final = "kubernetes.io/config.mirror"
"""The annotation of what a kubelet runs from a file (kubernetes.io/docs, static pods)."""


def pods(api: Api) -> tuple[PodState, ...]:
    """Return every pod of the cluster, by namespace and name."""
    return _listed(api, {})


def pods_on(api: Api, node: str) -> tuple[PodState, ...]:
    """Return the pods that are bound to the node, by namespace and name."""
    return _listed(api, {"spec.nodeName": node})


def _listed(api: Api, fields: dict[str, str]) -> tuple[PodState, ...]:
    from lightkube.resources.core_v1 import Pod  # noqa: PLC0415

    states = map(_state, api.everywhere(Pod, fields=fields))
    return tuple(sorted(states, key=lambda pod: (pod.namespace, pod.name)))


def _state(pod: "Pod") -> PodState:
    metadata, status = pod.metadata, pod.status
    annotations = (metadata.annotations if metadata else None) or {}
    conditions = (status.conditions if status else None) or []
    return PodState(
        namespace=(metadata.namespace if metadata else None) or "",
        name=(metadata.name if metadata else None) or "",
        uid=(metadata.uid if metadata else None) or "",
        node=(pod.spec.nodeName if pod.spec else None) or "",
        labels=dict((metadata.labels if metadata else None) or {}),
        owner=_owner(pod),
        ready=any(
            condition.type == "Ready" and condition.status == "True" for condition in conditions
        ),
        finished=bool(status and status.phase in {"Succeeded", "Failed"}),
        leaving=bool(metadata and metadata.deletionTimestamp),
        mirror=_MIRROR in annotations,
    )


def _owner(pod: "Pod") -> Owner | None:
    owners = (pod.metadata.ownerReferences if pod.metadata else None) or []
    return next(
        (Owner(owner.kind, owner.name, owner.uid) for owner in owners if owner.controller), None
    )
