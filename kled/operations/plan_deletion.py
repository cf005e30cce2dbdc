"""What a deletion removes."""

from kled.models.plan import Change, Plan
from kled.operations import applied, begun_deletion, forgotten, neighbours
from kled.operations.session import Session

_STORED = ("definition", "keys and secrets", "etcd backups")


def planned_deletion(session: Session, cluster: str, *, unregister: bool = False) -> Plan:
    """Return all that goes; reads only.

    What is another's bears its owner (`neighbours`), as does all of a definition that was never
    applied. Machines count by their groups: which ones
    there are changes by itself. The plan of a cluster that is gone, and whose deletion is not
    proved yet, is empty. Raises `ClusterNotFound`.
    """
    stored = forgotten.look(session, cluster, unregister=unregister)
    if isinstance(stored, forgotten.Unreadable):
        return Plan(cluster, tuple(Change("delete", kind, cluster) for kind in _STORED))
    if stored is None and begun_deletion.read(session, cluster) is not None:
        return Plan(cluster, ())
    stays = unregister and stored is not None  # kops' own preview of it names nothing (38e)
    found = () if stays else session.kops.delete_preview(cluster).changes
    if stored is not None:
        found = neighbours.marked(session, stored, found)
        if not applied.was_applied(session, cluster):
            found = neighbours.unclaimed(cluster, found)
    kept = [one for one in found if one.kind not in {"instance", *_STORED}]
    groups = sorted({one.name for one in found if one.kind == "instance"})
    machines = [Change("delete", "instances", group) for group in groups]
    return Plan(cluster, (*kept, *machines, *(Change("delete", kind, cluster) for kind in _STORED)))
