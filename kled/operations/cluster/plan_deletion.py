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
    """Return everything that the deletion removes. Only reads.

    Resources of another cluster carry their owner (`neighbours`), and so do all resources of a
    definition that was never applied. Machines are listed by group, since the single machines come
    and go. Stored objects carry their digests: an edit or another key makes another plan. The plan
    is empty for a cluster that is gone while the proof of its deletion is due. Raises
    `ClusterNotFound`.
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
    """Yield what goes from the state store.

    Etcd backups have no digests: machines write new ones.
    """
    digests = {} if definition is None else definition.digests
    yield Change("delete", _DEFINITION, cluster, digests)
    yield Change("delete", _IDENTITY, cluster, _identity(session, cluster))
    yield Change("delete", _BACKUPS, cluster)


def _identity(session: Session, cluster: str) -> Mapping[str, str]:
    """Return each stored keyset and secret with its length and a few digits of the store's tag.

    Each has its own entry, so that what a killed deletion has left is a rest of the approved plan.
    """
    below = (f"{cluster}/{prefix}" for prefix in (layout.KEYSETS, layout.SECRETS))
    entries = (entry for prefix in below for entry in session.state_store.entries(prefix))
    return {entry.key.removeprefix(f"{cluster}/"): _which(entry) for entry in entries}


def _which(entry: Entry) -> str:
    """Tell an object from another of the same length, by too few digits to guess its content from.

    Some stores derive the tag from the content alone, and plans are shown and kept.
    """
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms

    tag = f"{entry.key} {entry.tag}".encode(errors="surrogatepass")
    return f"{entry.size} {hashlib.sha256(tag).hexdigest()[:_DIGITS]}"
