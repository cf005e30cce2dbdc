"""Whose place a restore writes to: a cluster's keys are never written over another cluster's."""

from typing import TYPE_CHECKING, Final

from kled.errors import NotApproved
from kled.models.definition import object_name
from kled.operations.registered import home
from kled.sentences import enumerated

if TYPE_CHECKING:
    from kled.operations.restore_state import Wish
    from kled.snapshot.restore_plan import RestorePlan
    from kled.storage.base import ObjectStore

_SHOWN: Final = 3


def require_own_place(store: "ObjectStore", planned: "RestorePlan", wish: "Wish") -> None:
    """Raise `NotApproved` where the plan writes into a place that is another cluster's.

    That is a place whose definition names another cluster, one within a cluster's prefix, and one
    elsewhere than at home whose keysets or secrets would be replaced. Nothing overrides it: whoever
    means it removes what is there first. Only reads, a request for each part of the place.
    """
    parts = wish.place.cluster.split("/")
    for length in range(1, len(parts)):
        if _holder(store, "/".join(parts[:length])) is not None:
            raise _refusal(planned, f"it lies within cluster {parts[0]}")
    if wish.place.cluster != wish.cluster:
        holder = _holder(store, wish.place.cluster)
        if holder not in {None, wish.cluster}:
            raise _refusal(planned, f'cluster "{holder}" is there')
    keys = planned.replaced("identity")
    if keys and not wish.is_home:
        raise _refusal(planned, f"other keys are there: {enumerated(keys, _SHOWN)}")


def _holder(store: "ObjectStore", place: str) -> str | None:
    """Name the cluster whose definition is at `place`; the place itself where it cannot be read."""
    there = home(store, place)
    return None if there is None else object_name(there.cluster) or place


def _refusal(planned: "RestorePlan", why: str) -> NotApproved:
    place = f"{planned.target}/{planned.prefix.rstrip('/')}"
    return NotApproved(
        f'{place} is not a place for the snapshot of cluster "{planned.manifest.cluster}": {why};'
        " nothing was changed",
        hint="leave out --as and --to to restore the cluster into its own place, or name a place"
        " where nothing is",
    )
