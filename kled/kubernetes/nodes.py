"""Machines of a cluster, as the API sees them, and whether new pods may go there."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kled.errors import KubernetesConflict, KubernetesMissing
from kled.kubernetes.client import Api
from kled.models.kubernetes import NodeState, Taint

if TYPE_CHECKING:
    from lightkube.resources.core_v1 import Node

_TRIES: Final = 5


def nodes(api: Api) -> tuple[NodeState, ...]:
    """Return every node, by name."""
    from lightkube.resources.core_v1 import Node  # noqa: PLC0415

    return tuple(sorted(map(_state, api.all(Node)), key=lambda node: node.name))


def has_any(api: Api) -> bool:
    """Say whether there is a node; the shortest of answers, by one request."""
    from lightkube.resources.core_v1 import Node  # noqa: PLC0415

    with api.asking("a list of nodes") as client:
        return next(iter(client.list(Node, chunk_size=1)), None) is not None


def node(api: Api, name: str) -> NodeState | None:
    """Return the node of that name; None where there is none."""
    node = _get(api, name)
    return None if node is None else _state(node)


def cordon(api: Api, name: str) -> bool:
    """Let no new pod go to the node; return False where that was so already, or it is gone.

    Safe to repeat: what is cordoned stays so.
    """
    return _schedulable(api, name, wanted=False)


def uncordon(api: Api, name: str) -> bool:
    """Let pods go to the node again; return False where that was so already, or it is gone."""
    return _schedulable(api, name, wanted=True)


def remove_taint(api: Api, name: str, key: str) -> bool:
    """Remove all taints of that key; return False where there was none, or the node is gone.

    Other taints stay, also those that somebody adds meanwhile: the write is conditional.
    """

    def without(node: "Node") -> dict[str, Any] | None:
        taints = (node.spec.taints if node.spec else None) or []
        kept = [taint.to_dict() for taint in taints if taint.key != key]
        return None if len(kept) == len(taints) else {"taints": kept}

    return _change(api, name, f"taint {key} of node {name}", without)


def _schedulable(api: Api, name: str, *, wanted: bool) -> bool:
    def change(node: "Node") -> dict[str, Any] | None:
        now = not (node.spec and node.spec.unschedulable)
        return None if now == wanted else {"unschedulable": None if wanted else True}

    return _change(api, name, f"to {'un' if wanted else ''}cordon node {name}", change)


def _change(
    api: Api, name: str, what: str, change: Callable[["Node"], dict[str, Any] | None]
) -> bool:
    """Patch what `change` says of the node as it is now; somebody else's write begins it anew."""
    from lightkube.resources.core_v1 import Node  # noqa: PLC0415
    from lightkube.types import PatchType  # noqa: PLC0415

    for last in (*[False] * (_TRIES - 1), True):
        node = _get(api, name)
        spec = None if node is None else change(node)
        if node is None or spec is None:
            return False
        seen = node.metadata.resourceVersion if node.metadata else None
        body = {"metadata": {"resourceVersion": seen}, "spec": spec}
        try:
            with api.asking(what) as client:
                client.patch(Node, name, body, patch_type=PatchType.MERGE)
        except KubernetesMissing:
            return False
        except KubernetesConflict:
            if last:
                raise
        else:
            return True
    return False


def _get(api: Api, name: str) -> "Node | None":
    from lightkube.resources.core_v1 import Node  # noqa: PLC0415

    try:
        with api.asking(f"node {name}") as client:
            return client.get(Node, name)
    except KubernetesMissing:
        return None


def _state(node: "Node") -> NodeState:
    spec, status, metadata = node.spec, node.status, node.metadata
    conditions = (status.conditions if status else None) or []
    taints = (spec.taints if spec else None) or []
    return NodeState(
        name=(metadata.name if metadata else None) or "",
        ready=any(
            condition.type == "Ready" and condition.status == "True" for condition in conditions
        ),
        cordoned=bool(spec and spec.unschedulable),
        labels=dict((metadata.labels if metadata else None) or {}),
        taints=tuple(Taint(taint.key, taint.value or "", taint.effect) for taint in taints),
        provider_id=(spec.providerID if spec else None) or "",
        created=metadata.creationTimestamp if metadata else None,
    )
