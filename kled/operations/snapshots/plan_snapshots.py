"""What a restore or a prune would do, as operations of one step: before anybody says yes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from kled.errors import KledError
from kled.operations.guards.guards import STORES
from kled.operations.preview import foreseen
from kled.operations.recovery import restore_state
from kled.operations.recovery.restorable import require_own_keys
from kled.operations.recovery.restore_place import require_own_place
from kled.operations.recovery.restore_state import Settled, Wish
from kled.operations.session import Session
from kled.operations.snapshots import prune
from kled.operations.snapshots.over_clusters import ALL
from kled.operations.snapshots.prune import PruneSnapshots
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import number

if TYPE_CHECKING:
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.snapshot.retention.prune import PrunePlan


def refusal(
    session: Session, meant: Settled, *, moves: bool, digest: str | None = None, now: bool = False
) -> KledError | None:
    """Return what the restore, with the name that confirms it, would be refused with; only reads.

    `now` is that of `foreseen.refusal`.
    """
    confirm = meant.wish.place.cluster
    wish = restore_state.RestoreState(meant.wish, confirm, digest, raise_epoch=moves)
    return foreseen.refusal(session, wish, now=now)


@dataclass(frozen=True, slots=True)
class PlanRestore:
    """Plan a restore; what was found is in `plans` when it has ended."""

    wish: Wish
    moves: bool = False
    """Whether the cluster lives in this state store from now on."""
    plans: "list[tuple[RestorePlan, Settled]]" = field(default_factory=list)

    name = "plan restore"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The cluster that would be restored."""
        return self.wish.cluster

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads.

        Raises what the restore itself would be refused with, where that is known before.
        """

        def act(session: Session) -> str:
            meant = restore_state.settle(session.stores, self.wish, moves=self.moves)
            plan = restore_state.plan(session.stores, meant.wish)
            require_own_place(session.stores.at(meant.wish.place), plan, meant.wish)
            require_own_keys(session.stores.at(meant.wish.place), meant, plan)
            if error := refusal(session, meant, moves=self.moves):
                raise error
            meant = meant.looked_at(session.stores, plan)
            self.plans[:] = [(plan, meant)]
            summary = f"{plan.digest[:12]}: {number(len(plan.writes), 'object')} to write"
            return "; ".join((summary, *meant.remarks()))

        return (Step("plan", act, READ),)


def preview_prune(session: Session, wish: PruneSnapshots) -> "tuple[PrunePlan, KledError | None]":
    """Return what the prune would remove, and what it would be refused with; only reads.

    It speaks of the prune with the name that confirms it. Whether this machine's clock is the
    store's is known only to who writes there.
    """
    kept = session.snapshot_store
    policy = prune.retention_policy(session.settings, wish.keep)
    plan = prune.plan_of(kept, policy, wish.only, session.stores.remembering)
    confirmed = replace(wish, confirm=wish.confirm or wish.only)
    looks: tuple[foreseen.Look, ...] = (
        partial(confirmed.require_meant, session, plan),
        partial(prune.require_writable, kept),
    )
    refusals = (foreseen.ask_for_refusal(session, wish, look) for look in looks)
    return plan, next(filter(None, refusals), None)


@dataclass(frozen=True, slots=True)
class PlanPrune:
    """Plan a prune; what was found is in `plans` when it has ended."""

    keep: Mapping[str, int] = field(default_factory=dict)
    only: str | None = None
    """A cluster; None: all."""
    plans: "list[PrunePlan]" = field(default_factory=list)

    name = "plan prune"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or that it is about all."""
        return self.only or ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads.

        Raises what the prune itself would be refused with, where that is known before.
        """

        def act(session: Session) -> str:
            plan, refusal = preview_prune(session, PruneSnapshots(self.keep, self.only))
            if refusal is not None:
                raise refusal
            self.plans[:] = [plan]
            return f"{number(len(plan.removed), 'snapshot')} to remove, {len(plan.kept)} to keep"

        return (Step("plan", act, READ),)
