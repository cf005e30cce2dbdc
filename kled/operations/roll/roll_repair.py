"""Removes the cordons and taints that an interrupted roll has left on nodes that stay."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from kled.kops.facts.roll_log import SCHEDULED
from kled.models.kubernetes import NodeState

if TYPE_CHECKING:
    from kled.kubernetes.client import Api


def cordoned_nodes(api: "Api") -> tuple[str, ...]:
    """Name the nodes that are cordoned now."""
    from kled.kubernetes.nodes import nodes  # noqa: PLC0415 - heavy

    return tuple(node.name for node in nodes(api) if node.cordoned)


def undo(api: "Api", before: Collection[str]) -> tuple[str, ...]:
    """Uncordon what a roll has cordoned, and remove its taint; return the nodes that needed it.

    kops taints what it is about to replace before it cordons anything. So a node without that
    taint, or one that was cordoned `before`, is somebody else's. Safe to repeat and to kill: each
    node is looked at again, and its taint goes last.
    """
    from kled.kubernetes.nodes import nodes, remove_taint, uncordon  # noqa: PLC0415

    mended = []
    for node in nodes(api):
        if not _tainted(node):
            continue
        if node.cordoned and node.name not in before:
            uncordon(api, node.name)
        remove_taint(api, node.name, SCHEDULED)
        mended.append(node.name)
    return tuple(mended)


def _tainted(node: NodeState) -> bool:
    return any(taint.key == SCHEDULED for taint in node.taints)
