"""The state store from which a cluster was restored into this one, on record until it has moved.

`<state-store>/.kled/origins/<cluster>.json`. The machines belong to that store until the epoch is
raised: what kops applied last may not be restored along with the cluster, and the first update
writes this place there.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from kled.documents import Fields
from kled.operations.records.record import Record
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.operations.session import Session
    from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a restored cluster lived before."""

    state_store: str
    """The URL of that state store."""


def _origin_of(fields: Fields, _cluster: str) -> Origin:
    return Origin(fields.text("state_store"))


RECORD: Final[Record[Origin]] = Record(
    "origins",
    "kled.io/origin/v1",
    asdict,
    _origin_of,
    droppable=False,  # without it nobody may know whose the machines are
    advice="from which state store it was restored cannot be read: where it is to live here, say"
    " so: kled snapshot epoch raise --name={cluster}, which forgets it",
)


def came_from(store: "ObjectStore", cluster: str) -> str | None:
    """Return the URL on record in that state store; None where there is none. Only reads."""
    origin = RECORD.read_in(store, cluster)
    return None if origin is None else origin.state_store


def write(session: "Session", store: "ObjectStore", cluster: str, former: str) -> None:
    """Put on record that the cluster in `store` was restored from the state store `former`.

    Nothing is written where the two are the same. Safe to repeat and to kill.
    """
    if former and not is_same(former, store.location.url):
        RECORD.write(session, cluster, Origin(former), store=store)
