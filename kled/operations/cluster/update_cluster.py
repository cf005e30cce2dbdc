"""Bring the cloud in line with the stored definition and, on request, the machines."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kled.models.cluster_event import ClusterEvent
from kled.models.rolling import Roll
from kled.operations import ways_back
from kled.operations.cluster import applied, apply_changes
from kled.operations.cluster.applied import first_time
from kled.operations.guards.guards import APPLIES
from kled.operations.health.validate_cluster import validate_step
from kled.operations.identity import identity_check
from kled.operations.instance_group import interrupted_scaling, lost_groups
from kled.operations.records import approved_plan
from kled.operations.records.approved_plan import Approved
from kled.operations.roll import roll_ahead
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, READ
from kled.sentences import options

_PATIENCE: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class UpdateCluster:
    """Check the approval and apply what is left; roll and validate where that was asked for.

    Each step looks at the present state: a run after a failure or a kill does only what is left.
    """

    cluster: str
    approved: Approved | None = None
    """Without it the plan is applied as it is by then."""
    roll: Roll | None = None
    """Also replace the machines that need it afterwards, in this way."""
    patience: timedelta | None = None
    """Also wait this long until the cluster validates."""

    name = "update cluster"
    guards = APPLIES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""
        checks = (approval_step(self.cluster, self.approved),) if self.approved else ()
        looks = (ahead_step(self.cluster, self.roll),) if self.roll else ()
        rolls = RollCluster(self.cluster, self.roll).steps()[1:] if self.roll else ()
        proofs = (validate_step(self.cluster, self.patience),) if self.patience else ()
        return (
            identity_check.step(self.cluster),
            *checks,
            *looks,
            apply_step(self.cluster, self.approved),
            *rolls,
            *proofs,
        )


def update_meant(
    cluster: str, digest: str | None, roll: Roll | None, wait: timedelta | None
) -> UpdateCluster:
    """Return the update for these options; one that rolls also waits until the cluster validates.

    A `wait` of zero counts as none.
    """
    approved = Approved(digest) if digest else None
    return UpdateCluster(cluster, approved, roll, wait or (_PATIENCE if roll else None))


def next_command(session: Session, wish: UpdateCluster) -> str:
    """Return the command that follows the update, asked before it; empty where nothing follows.

    The machines that a first update makes are up to date: they have to come up, and none of them
    needs a roll. Machines of an earlier identity answer to an authority that is trusted no more, so
    that they are replaced without asking their API. Only reads.
    """
    if wish.roll is not None:
        return ""
    if applied.was_applied(session, wish.cluster):
        blind = session.overrides.begins_anew(wish.cluster)
        named = options(name=wish.cluster, cloudonly=blind, force=blind)
        return f"kled kops rolling-update {named}"
    return f"kled kops validate-cluster {options(name=wish.cluster, wait='15m')}"


def ahead_step(cluster: str, roll: Roll) -> Step:
    """Name what would block the roll after the update. Safe to repeat: it only reads."""
    return roll_ahead.step(
        cluster, lambda session: session.kops.cluster.preview_update(cluster), roll
    )


def approval_step(cluster: str, approved: Approved) -> Step:
    """Compare the plan, as it is under the lease, with the approved one.

    Safe to repeat: it only reads. It comes before the snapshot, so that a refusal costs none.
    """

    def act(session: Session) -> str:
        return approved_plan.require(
            session, session.kops.cluster.preview_update(cluster), approved
        )

    return Step("check approval", act, READ, reads=True)


def apply_step(cluster: str, approved: Approved | None = None, *, new: bool = False) -> Step:
    """`kops update cluster --yes`, unless its preview is empty.

    Safe to repeat and to kill: kops creates what is missing and leaves what is there; what a killed
    call had not done yet shows in the next preview. An approval is checked once more against the
    preview that comes right before kops is called. A person who asks for a `new` cluster has
    thereby agreed to what its first update makes. A plan that changes IAM roles which other
    clusters use, or that makes keys which the cluster had, is refused (`apply_changes`).
    """
    plans: list[apply_changes.Cleared] = []
    back = ways_back.Found()
    is_first = first_time(cluster) if new else lambda _session: False

    def done(session: Session) -> str | None:
        is_first(session)
        interrupted_scaling.require_none(session, cluster)
        plan = session.kops.cluster.preview_update(cluster)
        if approved is not None:
            approved_plan.require(session, plan, approved)
        if not plan.is_empty:
            plans[:] = [apply_changes.clear(session, plan)]
            return None
        if approved is not None:
            approved_plan.forget(session, cluster)
        return lost_groups.words(session, cluster, "nothing to change")

    def act(session: Session) -> str:
        if approved is not None:
            approved_plan.write(session, plans[0].plan, approved)
        first = not applied.was_applied(session, cluster)
        back.are(_deletion(cluster) if first else ways_back.of_update(session, cluster))
        agreed = approved is not None or is_first(session)
        apply_changes.update(session, plans[0], agreed=agreed)
        if approved is not None:
            approved_plan.forget(session, cluster)
        return lost_groups.words(session, cluster, f"applied: {plans[0].summary}")

    return Step(
        "update cluster",
        act,
        CHANGE,
        done=done,
        makes_keys=True,
        way_back=ways_back.UNKNOWN,
        back=back,
        unsure=what_is_unsure(cluster),
        event=ClusterEvent.CREATED if new else ClusterEvent.UPDATED,
    )


def _deletion(cluster: str) -> str:
    """Say how a cluster that was applied for the first time is taken back."""
    return (
        "there is no earlier definition: delete what was made: kled kops delete-cluster"
        f" {options(name=cluster)}"
    )


def what_is_unsure(cluster: str) -> str:
    """Say what nobody knows after an interrupted update, and which command tells it."""
    return (
        "kops may have been applying: which resources stand is not known until this shows what is"
        f" left: kled kops update-cluster {options(name=cluster)}"
    )
