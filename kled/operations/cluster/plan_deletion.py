"""What a deletion removes."""

from collections.abc import Iterator, Mapping
from typing import Final

from kled.kops.state_store import layout
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.operations.cluster import applied, unregistration
from kled.operations.guards import neighbours
from kled.operations.records import begun_deletion
from kled.operations.session import Session
from kled.storage.base import Entry

_DEFINITION: Final = "definition"
_IDENTITY: Final = "keys and secrets"
_BACKUPS: Final = "etcd backups"
_DIGITS: Final = 4
_STORED: Final = frozenset({_DEFINITION, _IDENTITY, _BACKUPS})


def plan_deletion(session: Session, cluster: str, *, unregister: bool = False) -> Plan:
    """Return all that goes; reads only.

    What is another's bears its owner (`neighbours`), as does all of a definition that was never
    applied. Machines count by their groups: which ones there are changes by itself. What is stored
    bears what it is: an edit, one key more or another key makes it another plan. The plan of a
    cluster that is gone, and whose deletion is not proved yet, is empty. Raises `ClusterNotFound`.
    """
    stored = unregistration.look(session, cluster, unregister=unregister)
    if isinstance(stored, unregistration.Unreadable):
        return Plan(cluster, tuple(_stored(session, cluster, stored.cluster)))
    if stored is None and begun_deletion.read(session, cluster) is not None:
        return Plan(cluster, ())
    stays = unregister and stored is not None  # kops' own preview of it names nothing (38e)
    changes = () if stays else session.kops.cluster.preview_delete(cluster).changes
    if stored is not None:
        changes = neighbours.mark_owners(session, stored, changes)
        if not applied.was_applied(session, cluster):
            changes = neighbours.mark_never_applied(cluster, changes)
    kept = [change for change in changes if change.kind not in {"instance", *_STORED}]
    groups = sorted({change.name for change in changes if change.kind == "instance"})
    machines = [Change("delete", "instances", group) for group in groups]
    return Plan(cluster, (*kept, *machines, *_stored(session, cluster, stored)))


def _stored(session: Session, cluster: str, definition: Definition | None) -> Iterator[Change]:
    """Yield what goes from the state store. Etcd's backups come and go by themselves."""
    digests = {} if definition is None else definition.digests
    yield Change("delete", _DEFINITION, cluster, digests)
    yield Change("delete", _IDENTITY, cluster, _identity(session, cluster))
    yield Change("delete", _BACKUPS, cluster)


def _identity(session: Session, cluster: str) -> Mapping[str, str]:
    """Return which keysets and secrets are there, how long, and by the store's tag which one.

    Each by itself: what a deletion that was killed has left is the rest of what was approved.
    """
    below = (f"{cluster}/{prefix}" for prefix in (layout.KEYSETS, layout.SECRETS))
    entries = (entry for prefix in below for entry in session.state_store.entries(prefix))
    return {entry.key.removeprefix(f"{cluster}/"): _which(entry) for entry in entries}


def _which(entry: Entry) -> str:
    """Tell an object from another of its length, by so few digits that nobody can guess it by them.

    Some stores make the tag of the content alone, and a plan is shown and kept.
    """
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms

    tag = f"{entry.key} {entry.tag}".encode(errors="surrogatepass")
    return f"{entry.size} {hashlib.sha256(tag).hexdigest()[:_DIGITS]}"
