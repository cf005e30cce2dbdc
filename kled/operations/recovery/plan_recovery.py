"""Which case a loss is, and the plan of the way back. Only reads."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kled.operations.guards.guards import READS
from kled.operations.recovery.look_for_evidence import gather_evidence, with_etcd
from kled.operations.session import Session
from kled.operations.step import Step, planning_step
from kled.recovery.diagnosis import diagnose
from kled.retry import ONCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kled.recovery.facts import Case
    from kled.recovery.plan.etcd_steps import EtcdAsked
    from kled.recovery.plan.recovery_plan import RecoveryPlan


@dataclass(frozen=True, slots=True)
class PlanRecovery:
    """Look at what is left of a cluster, and plan how it comes back.

    Needs no kops, no Prefect server and no state store: what is missing is named in the plan.
    """

    cluster: str
    to: str | None = None
    """URL of another state store, of the same kind, that the cluster is to live in."""
    said: "Case | None" = None
    """The case, where a person knows what looks cannot tell."""

    name = "plan recovery"
    guards = READS

    def steps(self) -> "tuple[Step[RecoveryPlan]]":
        """Return the one step; safe to repeat: it only reads."""
        return (planning_step("look at what is left", self._plan, ONCE),)

    def _plan(self, session: Session) -> "tuple[RecoveryPlan, str]":
        plan = plan_recovery(session, self)
        return plan, plan.diagnosis.sentence


def plan_recovery(session: Session, wish: PlanRecovery) -> "RecoveryPlan":
    """Return the plan. Raises `InvalidInput` for a `to` or a case that do not fit what is known."""
    from kled.recovery.plan import planning  # noqa: PLC0415 - not for --help
    from kled.recovery.plan.cases import needs_etcd  # noqa: PLC0415

    gathered = gather_evidence(session, wish.cluster)
    diagnosis = diagnose(gathered.evidence, wish.said)
    evidence = gathered.evidence
    if needs_etcd(diagnosis.case):
        evidence = with_etcd(session, gathered)
    return planning.plan_recovery(
        evidence,
        diagnosis,
        to=wish.to,
        named=bool(session.settings.state_store),
        asked=_asked(gathered.objects, gathered.evidence.state_store, wish),
    )


def _asked(
    objects: "Mapping[str, bytes]", state_store: str, wish: PlanRecovery
) -> "Mapping[str, EtcdAsked]":
    """Return what the definition asks of each etcd cluster, where it says of which version."""
    from kled.kops.facts.etcd_members import rows  # noqa: PLC0415 - not for --help
    from kled.kops.state_store import contents  # noqa: PLC0415
    from kled.recovery.plan.etcd_steps import EtcdAsked  # noqa: PLC0415

    document = contents.applied(objects) or {}
    root = f"{(wish.to or state_store).rstrip('/')}/{wish.cluster}/backups/etcd"
    return {
        name: EtcdAsked(len(etcd["etcdMembers"]), str(etcd["version"]), f"{root}/{name}")
        for name, etcd in rows(document)
        if etcd.get("version") and isinstance(etcd.get("etcdMembers"), list)
    }
