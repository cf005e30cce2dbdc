"""Chooses the machine of a shrinking group that goes next: the one that costs least. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence

from kled.models.kubernetes import PodState
from kled.models.machines import Machine


def choose(
    machines: Sequence[Machine],
    pods: Sequence[PodState],
    *,
    begun: Collection[str] = (),
    strangers: Collection[str] = (),
) -> Machine | None:
    """Return the machine that goes next; None where no machine may go.

    First comes a machine whose node an earlier run had `begun` with, then one that has not joined
    and runs nothing, then machines whose nodes are not ready, out of date, or cordoned by somebody.
    Among the rest the machine with the fewest pods to move goes, where an unmanaged pod counts as
    many. A machine without a node may go only where there are no `strangers`: any of those may be
    its node.
    """
    load = _load(pods)
    fitting = [machine for machine in machines if machine.node or not (machine.named or strangers)]

    def missed(machine: Machine) -> tuple[bool, bool, bool, bool, bool, int, str]:
        node = machine.node
        if node is None:
            return True, False, False, False, False, 0, machine.id
        return (
            node.name not in begun,
            True,
            node.ready,
            not machine.outdated,
            not node.cordoned,
            load[node.name],
            node.name,
        )

    return min(fitting, key=missed, default=None)


def _load(pods: Sequence[PodState]) -> Counter[str]:
    load: Counter[str] = Counter()
    for pod in pods:
        if pod.evictable and not pod.finished:
            load[pod.node] += 1 if pod.owner else 1000
    return load
