"""Bring the cloud in line with the stored definition and, on request, the machines."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from kled.kops.facts import plan_effects
from kled.models.cluster_event import ClusterEvent
from kled.models.plan import Plan
from kled.models.rolling import Roll
from kled.operations import ways_back
from kled.operations.cluster import applied, apply_changes
from kled.operations.cluster.applied import first_time
from kled.operations.guards.guards import APPLIES
from kled.operations.guards.overrides import Overrides
from kled.operations.health.validate_cluster import validate_step
from kled.operations.identity import identity_check
from kled.operations.instance_group import interrupted_scaling, lost_groups
from kled.operations.instance_group.group_roles import with_roles
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
class Applied:
    """What an update has done."""

    is_anew: bool
    """Whether nothing of the cluster ran before."""


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

    def steps(self) -> tuple[Step[Any], ...]:
        """Return the steps in their order; what was `Applied` is their result."""
        checks = (approval_step(self.cluster, self.approved),) if self.approved else ()
        looks = (ahead_step(self.cluster, self.roll),) if self.roll else ()
        rolls = RollCluster(self.cluster, self.roll).steps()[1:] if self.roll else ()
        proof = validate_step(self.cluster, self.patience) if self.patience else None
        proofs = (replace(proof, result=None),) if proof else ()
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


def next_command(wish: UpdateCluster, done: Applied, overrides: Overrides) -> str:
    """Return the command that follows what an update has done; empty where nothing follows.

    The machines of a cluster that was made anew are up to date: they have to come up, and none of
    them needs a roll.
    """
    if wish.roll is not None:
        return ""
    if done.is_anew:
        return f"kled kops validate-cluster {options(name=wish.cluster, wait='15m')}"
    return roll_command(wish.cluster, overrides)


def roll_command(cluster: str, overrides: Overrides) -> str:
    """Return the command that shows which machines need a roll after an update.

    Machines of an earlier identity answer to an authority that is trusted no more, so that they are
    replaced without asking their API.
    """
    blind = overrides.begins_anew(cluster)
    return f"kled kops rolling-update {options(name=cluster, cloudonly=blind, force=blind)}"


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


def apply_step(
    cluster: str, approved: Approved | None = None, *, new: bool = False
) -> Step[Applied]:
    """`kops update cluster --yes`, unless its preview is empty.

    Safe to repeat and to kill: kops creates what is missing and leaves what is there; what a killed
    call had not done yet shows in the next preview. An approval is checked once more against the
    preview that comes right before kops is called. A person who asks for a `new` cluster has
    thereby agreed to what its first update makes. A plan that changes IAM roles which other
    clusters use, or that makes keys which the cluster had, is refused (`apply_changes`).
    """
    plans: list[apply_changes.Cleared] = []
    results: list[Applied] = []
    back = ways_back.KnownWayBack()
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
        results[:] = results or [Applied(is_anew=False)]
        return _ended(session, cluster, approved, "nothing to change")

    def act(session: Session) -> str:
        if approved is not None:
            approved_plan.write(session, plans[0].plan, approved)
        first = is_made_anew(session, plans[0].plan)
        results[:] = results or [Applied(is_anew=first)]
        back.are(deletion_of_all(cluster) if first else ways_back.of_update(session, cluster))
        agreed = approved is not None or is_first(session)
        apply_changes.update(session, plans[0], agreed=agreed)
        return _ended(session, cluster, approved, f"applied: {plans[0].summary}")

    return Step(
        "update cluster",
        act,
        CHANGE,
        done=done,
        makes_keys=True,
        way_back=ways_back.UNKNOWN,
        back=back,
        unsure=what_is_unsure(cluster),
        result=lambda: results[0],
        event=ClusterEvent.CREATED if new else ClusterEvent.UPDATED,
    )


def _ended(session: Session, cluster: str, approved: Approved | None, message: str) -> str:
    """Forget the approved plan, which is applied, and return the message for the report."""
    if approved is not None:
        approved_plan.forget(session, cluster)
    return lost_groups.words(session, cluster, message)


def is_made_anew(session: Session, plan: Plan) -> bool:
    """Whether nothing of the cluster runs: it was never applied, or was deleted and restored."""
    if not applied.was_applied(session, plan.cluster):
        return True
    if not plan_effects.made_groups(plan):
        return False  # kops need not be asked which groups are whose
    return plan_effects.makes_control_plane(with_roles(session, plan))


def deletion_of_all(cluster: str) -> str:
    """Say how a cluster of which nothing ran before is taken back."""
    return (
        "nothing of it ran before: delete what was made: kled kops delete-cluster"
        f" {options(name=cluster)}"
    )


def what_is_unsure(cluster: str) -> str:
    """Say what nobody knows after an interrupted update, and which command tells it."""
    return (
        "kops may have been applying: which resources stand is not known until this shows what is"
        f" left: kled kops update-cluster {options(name=cluster)}"
    )
