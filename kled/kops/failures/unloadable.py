"""Clusters that kops leaves out of its list, or lists under another's name: it only warns of them.

`get clusters` succeeds whatever its configs hold; what it could not load stands on stderr alone
(captures 60b, T-dm-list-kops, and pkg/client/simple/vfsclientset/cluster.go).
"""

import re
from collections.abc import Sequence
from typing import Final

from kled.errors import OutputUnreadable
from kled.kops.failures import klog
from kled.kops.state_store import layout
from kled.models.cluster import Cluster

_LEFT_OUT: Final = re.compile(
    rf"cluster {klog.QUOTED} found in state store listing, but"
    r" (cannot be loaded: .*|doesn't exist now)"
)
_OTHER_NAME: Final = re.compile(
    rf"Name of cluster does not match: actual name was {klog.QUOTED},"
    rf" but cluster name was {klog.QUOTED}"
)
_SHOWN: Final = 300


def with_unloadable(listed: Sequence[Cluster], stderr: str) -> tuple[Cluster, ...]:
    """Return `listed`, in kops' order, with what kops warned of; sorted by name.

    A cluster whose config names another one is listed by kops under that other name: it stands
    here under its own, with the problem. A directory whose name no cluster can have (`.git`, which
    holds a `config`, too) is none. Raises `OutputUnreadable` where a name may have forged what kops
    warned of.
    """
    if klog.is_broken(stderr):
        raise OutputUnreadable(
            "a name in the state store has a line feed, so that what kops warns of may be forged",
            hint="kled kops get-clusters asks for each cluster by itself; move what has the name"
            " out of the state store",
        )
    rows, more = list(listed), []
    for message in klog.entries(stderr):
        if match := _LEFT_OUT.match(message):
            more.append(unloadable(klog.unquoted(match[1]), _reason(match[1], match[2])))
        elif match := _OTHER_NAME.match(message):
            shown, place = klog.unquoted(match[1]), klog.unquoted(match[2])
            _forget(rows, shown, place)
            more.append(unloadable(place, f'its config names "{match[1]}" in metadata.name'))
    more = [unread for unread in more if layout.is_cluster_name(unread.name)]
    named = {unread.name for unread in more}
    rows = [row for row in rows if row.name not in named]
    return tuple(sorted((*rows, *more), key=lambda unread: unread.name))


def require_own_name(stderr: str, state_store: str) -> None:
    """Raise `OutputUnreadable` where a call that succeeded worked on another cluster's definition.

    Kops warns that a config names another cluster and goes on with that name, so whatever is done
    would be done to the other one (capture 60m).
    """
    match = next(filter(None, map(_OTHER_NAME.match, klog.entries(stderr))), None)
    if match is not None:
        raise OutputUnreadable(
            f'the definition of cluster "{match[2]}" names "{match[1]}"',
            hint=f"mend metadata.name in {state_store}/{match[2]}/config: a copied definition makes"
            " kops work on the other cluster; nothing was changed",
        )


def unloadable(name: str, problem: str) -> Cluster:
    """Return the row of a cluster of which nothing but its name and its problem is known."""
    return Cluster(name, cloud="", zones=(), kubernetes_version="", problem=problem[:_SHOWN])


def _reason(name: str, message: str) -> str:
    """Leave out what kops repeats, `error reading cluster configuration "NAME": `."""
    start = f'error reading cluster configuration "{name}": '
    return message.removeprefix("cannot be loaded: ").removeprefix(start)


def _forget(rows: list[Cluster], shown: str, place: str) -> None:
    """Remove the row of the cluster at `place` that is shown as `shown`.

    Kops lists in order of places, so among rows of one name it is the first or the last.
    """
    same = [index for index, row in enumerate(rows) if row.name == shown]
    if same:
        del rows[same[0] if place < shown else same[-1]]
