"""The state stores from which a cluster was applied or restored, by what is stored here.

The definition may already name its new place. What kops applied last is copied and restored along
with a cluster, and names the place from which it was applied; a restore without it is on record.
"""

from typing import TYPE_CHECKING

from kled.kops.state_store import contents, layout
from kled.operations.guards import own_places
from kled.operations.records import origin
from kled.storage.bounded import get_if_readable
from kled.store_urls import is_among, is_same

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore


def other_homes(store: "ObjectStore", cluster: str) -> tuple[str, ...]:
    """Return the other state stores that the cluster in `store` was applied or restored from.

    Each is named once. At most two requests; only reads. Raises `DocumentDamaged` for a damaged
    record.
    """
    homes: list[str] = []
    for url in (_applied_from(store, cluster), origin.came_from(store, cluster)):
        if url and not is_same(url, store.location.url) and not is_among(url, homes):
            homes.append(url)
    return tuple(homes)


def _applied_from(store: "ObjectStore", cluster: str) -> str | None:
    """Return the state store that the applied definition names; None where it names none."""
    body = get_if_readable(store, f"{cluster}/{layout.COMPLETED}")
    return own_places.state_store_of(contents.mapping(body or b"") or {}, cluster)
