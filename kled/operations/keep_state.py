"""The operations on snapshots that flows run: back up, verify, restore, prune, mirror.

They touch stores alone: their sessions have no kops. Each is one step, which may run twice and die
anywhere, as the modules of `kled.snapshot` say; what was done is in `results` when it has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kled.errors import NotApproved, SnapshotNotTrustworthy
from kled.operations import keep_snapshots, restore_state, snapshots, stores
from kled.operations.protection import require_confirmation
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE
from kled.snapshot import names

if TYPE_CHECKING:
    from kled.snapshot.progress import Progress

ALL: Final = "all clusters"
Rows = list[dict[str, Any]]


def quiet() -> "Progress":
    """Return a progress that nobody sees."""
    from kled.snapshot.progress import Quiet  # noqa: PLC0415 - not for --help

    return Quiet()


@dataclass(frozen=True, slots=True)
class BackUpState:
    """Snapshot the named clusters, or every cluster of the state store."""

    clusters: tuple[str, ...] | None = None
    results: Rows = field(default_factory=list)
    """A row per cluster: cluster, id, reused, level, objects, bytes, error."""

    name = "back up state"
    mutates = False
    needs_kops = False

    @property
    def cluster(self) -> str:
        """The only cluster, or that it is about all."""
        return self.clusters[0] if self.clusters and len(self.clusters) == 1 else ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.results.clear()
            done = snapshots.back_up(
                session.settings, self.clusters, clock=session.clock, progress=quiet()
            )
            self.results.extend(one.as_json() for one in done.clusters)
            done.require()
            new = sum(not one.reused for one in done.clusters)
            warnings = "".join(f"; {words}" for words in done.warnings)
            return f"{len(done.clusters)} clusters, {new} new snapshots{warnings}"

        return (Step("take snapshots", act, CHANGE),)


@dataclass(frozen=True, slots=True)
class VerifySnapshots:
    """Check the newest snapshot of every cluster, and that none was removed behind our back."""

    level: int = 1
    results: Rows = field(default_factory=list)
    """A row per snapshot: cluster, id, level, trustworthy, findings, seconds."""

    name = "verify snapshots"
    cluster = ALL
    mutates = False
    needs_kops = False

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.results.clear()
            kept = stores.snapshot_store(session.settings, session.clock)
            self.results.extend(
                snapshots.verified(session.settings, kept, level=self.level, progress=quiet())
            )
            bad = [row for row in self.results if not row["trustworthy"]]
            if bad:
                first = bad[0]
                raise SnapshotNotTrustworthy(
                    f"{len(bad)} of {len(self.results)} snapshots cannot be trusted, first"
                    f" {first['id']} of {first['cluster']}: {first['findings'][0]}",
                    hint="older ones: kled snapshot list; a new one: kled snapshot create --anew",
                )
            return f"{len(self.results)} snapshots verified at level {self.level}"

        return (Step("verify snapshots", act, CHANGE),)


@dataclass(frozen=True, slots=True)
class RestoreState:
    """Restore a cluster's state; the plan's digest and the cluster's name approve it."""

    wish: restore_state.Wish
    confirm: str | None = None
    """The cluster's name once more; a protected one needs it."""
    digest: str | None = None
    """Of the plan that was approved; None approves what is planned now."""
    results: Rows = field(default_factory=list)

    name = "restore state"
    mutates = True
    restores = True
    needs_kops = False

    @property
    def cluster(self) -> str:
        """The cluster that is restored."""
        return self.wish.cluster

    def steps(self) -> tuple[Step, ...]:
        """Return the one step: plan, check the approval, apply."""

        def act(session: Session) -> str:
            self.results.clear()
            settings, clock = session.settings, session.clock
            kept = stores.snapshot_store(settings, clock)
            names.moment(self.wish.snapshot)  # `latest` would be the one that was just taken
            plan = restore_state.plan(settings, kept, self.wish, clock)
            why = restore_state.protection_of(settings, plan)
            require_confirmation(self.cluster, why, self.confirm)
            if self.digest is not None and not plan.digest.startswith(self.digest):
                raise NotApproved(
                    f"the plan is {plan.digest[:12]} now, not {self.digest[:12]}",
                    hint="look at it with kled snapshot restore, and approve that one",
                )
            report = restore_state.apply(settings, kept, self.wish, plan, clock, quiet())
            self.results.append(report.as_json())
            return (
                f"{report.created} created, {report.replaced} replaced, {report.same} there already"
            )

        way_back = "the snapshot taken before it: kled snapshot list"
        return (Step("restore state", act, CHANGE, way_back=way_back),)


@dataclass(frozen=True, slots=True)
class PruneSnapshots:
    """Remove what retention does not keep, and collect what nothing refers to."""

    keep: Mapping[str, int] = field(default_factory=dict)
    """last, hourly, daily, weekly, monthly, yearly; over the settings file's."""
    results: Rows = field(default_factory=list)

    name = "prune snapshots"
    cluster = ALL
    mutates = False
    needs_kops = False

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.results.clear()
            kept = stores.snapshot_store(session.settings, session.clock)
            policy = keep_snapshots.policy(session.settings, self.keep)
            plan = keep_snapshots.plan(kept, policy, None)
            report = keep_snapshots.prune(kept, plan, quiet())
            self.results.append(report.as_json())
            locked = f"; {len(report.locked)} are locked" if report.locked else ""
            return f"{len(report.removed)} removed, {report.collected} objects collected{locked}"

        return (Step("prune snapshots", act, CHANGE),)


@dataclass(frozen=True, slots=True)
class MirrorSnapshots:
    """Copy to a second snapshot store what it lacks."""

    to: str
    results: Rows = field(default_factory=list)

    name = "mirror snapshots"
    cluster = ALL
    mutates = False
    needs_kops = False

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.results.clear()
            settings, clock = session.settings, session.clock
            kept = stores.snapshot_store(settings, clock)
            target = stores.other_store(settings, self.to, clock)
            report = keep_snapshots.mirrored(kept, target, quiet(), None)
            self.results.append(report.as_json())
            report.require()
            return f"{len(report.copied)} copied, {report.present} there already"

        return (Step("mirror snapshots", act, CHANGE),)
