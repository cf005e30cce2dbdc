"""Removes the snapshots that the retention policy does not keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kled.config import Settings
from kled.errors import KledError, NotApproved
from kled.operations.guards.guards import STORES
from kled.operations.guards.protection import pattern_protection, require_confirmation
from kled.operations.session import Session
from kled.operations.snapshots.over_clusters import ALL, count_for
from kled.operations.step import Effect, Step, step_with_result
from kled.retry import CHANGE
from kled.sentences import number

if TYPE_CHECKING:
    from kled.snapshot.progress import Progress
    from kled.snapshot.repository import SnapshotStore
    from kled.snapshot.retention.prune import PrunePlan, PruneReport
    from kled.snapshot.retention.retention import RetentionPolicy
    from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class PruningReport:
    """What a prune did, and the plan that it carried out."""

    done: "PruneReport"
    plan: "PrunePlan"

    @property
    def summary(self) -> str:
        """How much was removed, in words."""
        locked = f"; {len(self.done.locked)} are locked" if self.done.locked else ""
        collected = number(self.done.collected, "object")
        return f"{len(self.done.removed)} removed, {collected} collected{locked}"

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--output json`: also what the plan had to leave alone."""
        planned = self.plan.as_json()
        return {
            **self.done.as_json(),
            **{name: planned[name] for name in ("unreadable", "strays")},
        }


@dataclass(frozen=True, slots=True)
class PruneSnapshots:
    """Remove the snapshots that retention does not keep, and payloads that no manifest names."""

    keep: Mapping[str, int] = field(default_factory=dict)
    """last, hourly, daily, weekly, monthly, yearly; over the settings file's."""
    only: str | None = None
    """A cluster; None prunes those of all clusters."""
    confirm: str | None = None
    """The cluster's name once more; a protected one needs it."""

    name = "prune snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.only or ALL

    def steps(self) -> "tuple[Step[PruningReport]]":
        """Return the one step: plan, check that it is meant, apply."""
        effect = Effect()

        def act(session: Session) -> "tuple[PruningReport, str]":
            effect.begins()
            kept = session.snapshot_store
            policy = retention_policy(session.settings, self.keep)
            progress = count_for(session)
            try:
                plan = plan_of(kept, policy, self.only, session.stores.remembering)
                self.require_meant(session, plan)
                report = prune(kept, plan, progress)
            except KledError:
                effect.ends(progress.begun)  # all that refuses comes before what deletes
                raise
            effect.ends(report.removed or report.collected)
            made = PruningReport(report, plan)
            return made, made.summary

        way_back = (
            "a second site, where kled snapshot mirror --to=URL has made one; nothing else has them"
        )
        return (
            step_with_result("prune snapshots", act, CHANGE, way_back=way_back, changed=effect),
        )

    def require_meant(self, session: Session, plan: "PrunePlan") -> None:
        """Raise `NotApproved` where a protected cluster's snapshots would be removed unconfirmed.

        For all clusters at once this applies only to numbers that were typed: the retention of the
        settings file was considered beforehand, and runs by schedule.
        """
        patterns = session.settings.protected
        if self.only is not None:
            why = pattern_protection(self.only, patterns)
            require_confirmation(self.only, why, self.confirm)
            return
        clusters = {ref.cluster for ref in plan.removed}
        for cluster in sorted(clusters) if self.keep else ():
            why = pattern_protection(cluster, patterns)
            if why is not None:
                raise NotApproved(
                    f'cluster "{cluster}" is protected: {why}',
                    hint=f"prune it by itself: kled snapshot prune --name={cluster}"
                    f" --confirm={cluster}; or write the retention into the settings file",
                )


def retention_policy(settings: Settings, numbers: Mapping[str, int]) -> "RetentionPolicy":
    """Return the retention policy: the given numbers, then the settings file's, then defaults."""
    from kled.snapshot.retention.retention import RetentionPolicy  # noqa: PLC0415 - not for --help

    return RetentionPolicy(**{**settings.snapshot_profile.keep, **numbers})


def plan_of(
    snapshots: "SnapshotStore",
    chosen: "RetentionPolicy",
    cluster: str | None,
    state: "ObjectStore | None" = None,
) -> "PrunePlan":
    """Return what retention would remove; changes nothing. `state` is asked what it remembers."""
    from kled.snapshot.retention.prune import plan_prune  # noqa: PLC0415

    snapshots.require()
    return plan_prune(snapshots, chosen, cluster=cluster, state=state)


def require_writable(snapshots: "SnapshotStore") -> None:
    """Raise what would keep this machine from deleting in the store. Only reads."""
    from kled.snapshot.documents import root  # noqa: PLC0415

    state = root.look(snapshots)
    root.require_known(state)
    root.require_signing_key(snapshots, state.root)


def prune(snapshots: "SnapshotStore", planned: "PrunePlan", progress: "Progress") -> "PruneReport":
    """Carry out the plan. Safe to repeat, to kill, and from two machines at once."""
    from kled.snapshot.retention.prune import apply_prune  # noqa: PLC0415

    return apply_prune(snapshots, planned, progress)
