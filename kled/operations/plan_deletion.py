"""What a deletion removes: before anybody is asked, without the lease."""

from dataclasses import dataclass, field, replace

from kled.models.plan import Change, Plan
from kled.operations import (
    applied,
    begun_deletion,
    elsewhere,
    forgotten,
    neighbours,
    whole_copies,
)
from kled.operations.final_snapshot import HINT
from kled.operations.group_roles import with_roles
from kled.operations.guards import READS
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import enumerated

_SHOWN = 4
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


def previewed_deletion(session: Session, cluster: str, *, unregister: bool = False) -> Plan:
    """Return `planned_deletion`, refused where the cluster lives in another state store.

    Or where its keys and secrets are damaged, so that its final snapshot would be. A definition
    that was never applied may be forgotten here all the same. Only reads.
    """
    plan = planned_deletion(session, cluster, unregister=unregister)
    if unregister and elsewhere.is_twin(session, cluster):
        return plan
    refused = elsewhere.words(session, cluster) or _no_way_back(session, cluster)
    return replace(plan, refused=refused) if refused else plan


def _no_way_back(session: Session, cluster: str) -> str:
    """Say why the final snapshot would be refused; empty: its keys and secrets are whole."""
    if session.settings.snapshot_store is None or session.overrides.no_snapshot:
        return ""
    wrong = [one for each in whole_copies.damaged(session, cluster).values() for one in each]
    if not wrong:
        return ""
    return f"no snapshot could bring the cluster back: {enumerated(wrong, _SHOWN)} ({HINT})"


@dataclass(frozen=True, slots=True)
class PlanDeletion:
    """Plan as one step; what was found is in `found` when it has ended."""

    cluster: str
    unregister: bool = False
    found: list[Plan] = field(default_factory=list)

    name = "plan deletion"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads."""

        def act(session: Session) -> str:
            plan = previewed_deletion(session, self.cluster, unregister=self.unregister)
            self.found[:] = [with_roles(session, plan)]
            return f"{plan.digest[:12]}: {plan.summary}"

        return (Step("plan", act, READ),)
