"""A deletion that has begun, on record until it is proved that nothing is left.

`<state-store>/.kled/deletions/<cluster>.json` holds the definition: after the deletion nobody else
knows any more where to look for what may be left in the cloud.
"""

import json
from typing import Final

from kled.errors import ObjectMissing
from kled.models.definition import Definition
from kled.operations import stores
from kled.operations.session import Session

FORMAT: Final = "kled.io/begun-deletion/v1"
_RECORDS: Final = ("updates", "rolls", "scales")
"""Of `approved_plan`, `roll_journal` and `scale_journal`."""


def remember(session: Session, stored: Definition) -> None:
    """Write it down. Idempotent; the newest definition counts."""
    store = stores.state_store(session.settings, session.clock)
    body = json.dumps({"format": FORMAT, **stored.as_json()}, sort_keys=True, default=str)
    store.put(_key(stored.name), body.encode())


def find(session: Session, cluster: str) -> Definition | None:
    """Return the definition of a cluster whose deletion has begun; None where none has."""
    store = stores.state_store(session.settings, session.clock)
    try:
        document = json.loads(store.get(_key(cluster)).body)
        if document["format"] != FORMAT:
            return None
        return Definition(dict(document["cluster"]), tuple(map(dict, document["groups"])))
    except (ObjectMissing, ValueError, KeyError, TypeError):
        return None  # without it the deletion is proved by what the state store lacks alone


def forget(session: Session, cluster: str, *, unregister: bool) -> None:
    """End what `remember` began. Idempotent.

    What other operations have on record of a cluster that is gone goes first: another one of that
    name begins anew. One that was unregistered lives on, and keeps it.
    """
    store = stores.state_store(session.settings, session.clock)
    for record in () if unregister else _RECORDS:
        store.delete(f".kled/{record}/{cluster}.json")
    store.delete(_key(cluster))


def _key(cluster: str) -> str:
    """Return the key: outside every cluster's prefix, which kops refuses to delete otherwise."""
    return f".kled/deletions/{cluster}.json"
