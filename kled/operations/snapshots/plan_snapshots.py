"""What a restore or a prune would do, as operations of one step for previews."""

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
from kled.operations.step import Step, planning_step
from kled.sentences import number

if TYPE_CHECKING:
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.snapshot.retention.prune import PrunePlan


def refusal(
    session: Session, meant: Settled, *, moves: bool, digest: str | None = None, now: bool = False
) -> KledError | None:
    """Return the refusal that the restore would meet with its confirmation. Only reads.

    `now` is that of `foreseen.refusal`.
    """
    confirm = meant.wish.place.cluster
    wish = restore_state.RestoreState(meant.wish, confirm, digest, raise_epoch=moves)
    return foreseen.refusal(session, wish, now=now)


@dataclass(frozen=True, slots=True)
class PlanRestore:
    """Plan a restore; the result is the plan, and what the wish means by now."""

    wish: Wish
    moves: bool = False
    """Whether the cluster lives in this state store from now on."""

    name = "plan restore"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The cluster that would be restored."""
        return self.wish.cluster

    def steps(self) -> "tuple[Step[tuple[RestorePlan, Settled]]]":
        """Return the one step. Safe to repeat: it only reads.

        Raises the refusal that the restore would meet, as far as it is known before.
        """

        def plan(session: Session) -> "tuple[tuple[RestorePlan, Settled], str]":
            meant = restore_state.settle(session.stores, self.wish, moves=self.moves)
            made = restore_state.plan(session.stores, meant.wish)
            require_own_place(session.stores.at(meant.wish.place), made, meant.wish)
            require_own_keys(session.stores.at(meant.wish.place), meant, made)
            if error := refusal(session, meant, moves=self.moves):
                raise error
            meant = meant.looked_at(session.stores, made)
            summary = f"{made.digest[:12]}: {number(len(made.writes), 'object')} to write"
            return (made, meant), "; ".join((summary, *meant.remarks()))

        return (planning_step("plan", plan),)


def preview_prune(session: Session, wish: PruneSnapshots) -> "tuple[PrunePlan, KledError | None]":
    """Return what the prune would remove, and the refusal that it would meet. Only reads.

    The confirmation is taken as given. Whether this machine's clock agrees with the store's shows
    only when something is written there.
    """
    kept = session.snapshot_store
    policy = prune.retention_policy(session.settings, wish.keep)
    plan = prune.plan_of(kept, policy, wish.only, session.stores.remembering)
    confirmed = replace(wish, confirm=wish.confirm or wish.only)
    looks: tuple[foreseen.RefusingLook, ...] = (
        partial(confirmed.require_meant, session, plan),
        partial(prune.require_writable, kept),
    )
    refusals = (foreseen.ask_for_refusal(session, wish, look) for look in looks)
    return plan, next(filter(None, refusals), None)


@dataclass(frozen=True, slots=True)
class PlanPrune:
    """Plan a prune; the result is the plan."""

    keep: Mapping[str, int] = field(default_factory=dict)
    only: str | None = None
    """A cluster; None means all."""

    name = "plan prune"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.only or ALL

    def steps(self) -> "tuple[Step[PrunePlan]]":
        """Return the one step. Safe to repeat: it only reads.

        Raises the refusal that the prune would meet, as far as it is known before.
        """

        def plan(session: Session) -> "tuple[PrunePlan, str]":
            made, refusal = preview_prune(session, PruneSnapshots(self.keep, self.only))
            if refusal is not None:
                raise refusal
            removed = number(len(made.removed), "snapshot")
            return made, f"{removed} to remove, {len(made.kept)} to keep"

        return (planning_step("plan", plan),)
