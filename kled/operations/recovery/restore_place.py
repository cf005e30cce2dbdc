"""A restore never writes over another cluster's place."""

from typing import TYPE_CHECKING, Final

from kled.errors import NotApproved
from kled.kops.state_store import layout
from kled.models.definition import object_name
from kled.operations.fleet.registered import home
from kled.sentences import enumerated

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Wish
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.storage.base import ObjectStore

_SHOWN: Final = 3


def require_own_place(store: "ObjectStore", planned: "RestorePlan", wish: "Wish") -> None:
    """Raise `NotApproved` where the plan writes into a place that is another cluster's.

    That is a place whose definition names another cluster, one within a cluster's prefix, and one
    away from home whose keysets or secrets would be replaced. Nothing overrides this: a person who
    means it removes first what is there. A definition under another cluster's name is refused as
    well: kops takes each directory of a state store that holds one for a cluster, and would stop at
    it. Only reads, a request for each part of the place.
    """
    _require_own_name(planned, wish)
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


def _require_own_name(planned: "RestorePlan", wish: "Wish") -> None:
    place = wish.place.cluster
    written = {*(write.record.key for write in planned.writes), *planned.same}
    if place != wish.cluster and "/" not in place and layout.CONFIG in written:
        raise NotApproved(
            f'{planned.target}/{place} would hold the definition of cluster "{wish.cluster}": kops'
            f' takes a directory of that name for cluster "{place}", and can neither list nor'
            " delete it; nothing was changed",
            hint=f"a copy to look at: {wish.again(**{'as': f'copies/{place}'})}",
        )


def _holder(store: "ObjectStore", place: str) -> str | None:
    """Return the cluster whose definition is at `place`; `place` itself where it is unreadable."""
    holder = home(store, place)
    return None if holder is None else object_name(holder.cluster) or place


def _refusal(planned: "RestorePlan", why: str) -> NotApproved:
    place = f"{planned.target}/{planned.prefix.rstrip('/')}"
    return NotApproved(
        f'{place} is not a place for the snapshot of cluster "{planned.manifest.cluster}": {why};'
        " nothing was changed",
        hint="leave out --as and --to to restore the cluster into its own place, or name a place"
        " where nothing is",
    )
