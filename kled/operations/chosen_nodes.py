"""Which nodes of a group go when it becomes smaller: those that are missed least. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence

from kled.models.kubernetes import NodeState, PodState


def choose(
    nodes: Sequence[NodeState],
    pods: Sequence[PodState],
    number: int,
    *,
    begun: Collection[str] = (),
    outdated: Collection[str] = (),
) -> tuple[NodeState, ...]:
    """Return `number` of the nodes, or all: first those that a run before had begun with.

    Then nodes that are not ready, that are out of date, that somebody cordoned; at last those with
    the fewest pods to move, and pods that nothing makes anew count as many.
    """
    load = _load(pods)

    def missed(node: NodeState) -> tuple[bool, bool, bool, bool, int, str]:
        return (
            node.name not in begun,
            node.ready,
            node.instance not in outdated,
            not node.cordoned,
            load[node.name],
            node.name,
        )

    return tuple(sorted(nodes, key=missed)[: max(0, number)])


def _load(pods: Sequence[PodState]) -> Counter[str]:
    found: Counter[str] = Counter()
    for pod in pods:
        if pod.evictable and not pod.finished:
            found[pod.node] += 1 if pod.owner else 1000
    return found
