"""The proof that a deleted cluster is gone from the cloud, as kops sees it, and from the store."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from kled.errors import StillThere
from kled.kops.state_store import layout
from kled.models.cluster_event import ClusterEvent
from kled.models.definition import Definition
from kled.operations.guards import neighbours
from kled.operations.records import all_records, begun_deletion
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import enumerated, number

_LATE: Final = replace(READ, attempts=8, first_delay=timedelta(seconds=5))
"""A cloud's listings show some resources for a minute after they were deleted."""
_SHOWN: Final = 5


def proof_step(cluster: str, *, unregister: bool) -> Step:
    """Prove that nothing is left, then remove the record of the deletion.

    Safe to repeat and to kill: it reads, and the record goes last. Raises `StillThere`, which names
    what is left.
    """

    def act(session: Session) -> str:
        store = _require_no_objects(session, cluster, unregister=unregister)
        if unregister:  # it lives on, and keeps what else is on record
            begun_deletion.forget(session, cluster)
            return f"{store}; the cloud was not looked at: unregistered"
        cloud = _require_no_resources(session, begun_deletion.read(session, cluster))
        all_records.forget_all(session, cluster)
        return f"{store}; {cloud}"

    event = None if unregister else ClusterEvent.DELETED
    return Step("prove that nothing is left", act, _LATE, event=event)


def _require_no_objects(session: Session, cluster: str, *, unregister: bool) -> str:
    store = session.state_store
    left = [entry.key for entry in store.entries(f"{cluster}/")]
    machines = [key for key in left if layout.kind_of(key.removeprefix(f"{cluster}/")) in _THEIRS]
    if unregister and machines == left:
        return "no object is left" if not left else "its machines go on writing etcd backups"
    if left:
        raise StillThere(
            f"{number(len(left), 'object')} left in {store.location.url}:"
            f" {enumerated(left, _SHOWN)}",
            hint="look who writes there; run this again, or remove them",
        )
    return "no object is left"


_THEIRS: Final = frozenset({"etcd-backup", "control"})
"""Objects that the machines of an unregistered cluster go on writing."""


def _require_no_resources(session: Session, begun: Definition | None) -> str:
    if begun is None:
        return "kops had ended it when this run began"
    plan = session.kops.cluster.preview_delete_unstored(begun)
    others = {
        (change.kind, change.name) for change in neighbours.look(session, begun, plan.changes)
    }
    own = [change for change in plan.changes if (change.kind, change.name) not in others]
    left = [f"{change.kind} {change.name}" for change in own if change.kind != "definition"]
    if left:
        raise StillThere(
            f"the cloud still has {number(len(left), 'resource')} of {begun.name}:"
            f" {enumerated(left, _SHOWN)}",
            hint=f"run this again in some minutes; else {_last_resort(session, begun.name)}",
        )
    session.proved_gone = True
    return "kops finds no cloud resources"


def _last_resort(session: Session, cluster: str) -> str:
    if session.settings.snapshot_store is None:
        return "remove them in the cloud: there is no snapshot to delete the cluster again from"
    return (
        f"put the state back with kled snapshot restore --name={cluster} --snapshot=latest --yes,"
        " and delete it again"
    )
