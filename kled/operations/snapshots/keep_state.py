"""The operations on snapshots that commands and flows run: back up, verify, prune, mirror.

They touch stores alone: their sessions have no kops. Each is one step, which may run twice and die
anywhere, as the modules of `kled.snapshot` say; what was done is in `results` when it has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from kled.errors import InvalidInput, KledError, NotApproved, SnapshotNotTrustworthy
from kled.kops.state_store import layout
from kled.operations.guards.guards import STORES
from kled.operations.guards.protection import pattern_protection, require_confirmation
from kled.operations.session import Session
from kled.operations.snapshots import keep_snapshots, many_clusters
from kled.operations.step import ADDS_ONLY, Effect, Step
from kled.retry import CHANGE
from kled.sentences import number

if TYPE_CHECKING:
    from kled.snapshot.create.results import RunResult
    from kled.snapshot.progress import Counts
    from kled.snapshot.repository import SnapshotRef
    from kled.snapshot.retention.prune import PrunePlan

ALL: Final = "all clusters"
Rows = list[dict[str, Any]]


def counted(session: Session) -> "Counts":
    """Return a progress whose counts go to whoever looks on."""
    from kled.snapshot.progress import Counts  # noqa: PLC0415 - not for --help

    return Counts(session.note, session.tell, session.clock.monotonic)


@dataclass(frozen=True, slots=True)
class BackUpState:
    """Snapshot the named clusters, or every cluster of the state store."""

    clusters: tuple[str, ...] | None = None
    etcd_backups: int | None = 1
    """How many complete backups of each etcd cluster to take; None takes all."""
    retain_until: datetime | None = None
    """Object lock until then."""
    reuse: bool = True
    """False writes everything anew, also what earlier snapshots hold."""
    rotated: tuple[str, ...] = ()
    """Secrets of the one named cluster that were given new values on purpose."""
    made: "list[RunResult]" = field(default_factory=list)
    """The run, when it has ended: also one that failed."""
    fallbacks: "dict[str, str | None]" = field(default_factory=dict)
    """Cluster to its newest trusted snapshot, for those of which none was taken now."""

    name = "back up state"
    guards = STORES

    @property
    def results(self) -> Rows:
        """A row per cluster: cluster, id, reused, level, trusted, reasons, objects, bytes, error.

        `mend` is what a person does about it, empty where nothing is wrong; `newest_trusted` is the
        snapshot that a recovery would begin with; None: there is none.
        """
        return [
            {**one.as_json(), "newest_trusted": self.fallbacks.get(one.cluster, one.snapshot)}
            for run in self.made
            for one in run.clusters
        ]

    @property
    def cluster(self) -> str:
        """The only cluster, or that it is about all."""
        return self.clusters[0] if self.clusters and len(self.clusters) == 1 else ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.made.clear()
            self.fallbacks.clear()
            self._require_names()
            self._require_secrets(session)
            done = many_clusters.back_up(
                session.stores,
                self.clusters,
                progress=counted(session),
                retain_until=self.retain_until,
                reuse=self.reuse,
                settles=not self.reuse,
                etcd_backups=self.etcd_backups,
                rotated=frozenset(self.rotated),
            )
            bad = [one.cluster for one in done.clusters if not one.trusted]
            self.fallbacks.update(many_clusters.newest_trusted(session.stores, bad))
            done = many_clusters.with_cures(session.stores, done, self.fallbacks)
            self.made.append(done)
            done.require_whole()
            new = sum(not one.reused for one in done.clusters)
            warnings = "".join(f"; {words}" for words in done.warnings)
            return (
                f"{number(len(done.clusters), 'cluster')}, {number(new, 'new snapshot')}{warnings}"
            )

        return (Step("take snapshots", act, CHANGE, way_back=ADDS_ONLY),)

    def _require_names(self) -> None:
        """Raise `InvalidInput` for what can be no cluster's name: no run with it can be read."""
        for name in self.clusters or ():
            layout.require_cluster_name(name)

    def _require_secrets(self, session: Session) -> None:
        """Raise `InvalidInput` for a `rotated` secret that the cluster does not have."""
        if not self.rotated:
            return
        if self.cluster == ALL:
            problem = "are secrets of one cluster: give its --name, and that alone"
            raise InvalidInput("--rotated", problem)
        prefix = f"{self.cluster}/{layout.SECRETS}"
        there = [one.key.removeprefix(prefix) for one in session.state_store.entries(prefix)]
        for name in self.rotated:
            if name not in there:
                problem = f'cluster "{self.cluster}" has no secret {name!r}'
                raise InvalidInput("--rotated", problem, hint=f"it has {', '.join(there)}")


@dataclass(frozen=True, slots=True)
class VerifySnapshots:
    """Check one snapshot, or the newest of every cluster and that none was removed."""

    level: int = 1
    only: "SnapshotRef | None" = None
    of: str | None = None
    """A cluster; None looks at those of all clusters, unless `only` names one snapshot."""
    which: str = "newest"
    """The snapshot of that cluster: an id, `newest` or `latest`."""
    results: Rows = field(default_factory=list)
    """A row per snapshot: cluster, id, level, trustworthy, findings, seconds."""

    name = "verify snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or that it is about all."""
        return self.only.cluster if self.only else self.of or ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.results.clear()
            kept = session.snapshot_store
            self.results.extend(
                many_clusters.verified(
                    session.settings,
                    kept,
                    level=self.level,
                    progress=counted(session),
                    only=self._meant(session),
                    state=session.stores.remembering,
                )
            )
            from kled.snapshot.trust.settling import advice  # noqa: PLC0415 - not for --help

            bad = [row for row in self.results if not row["trustworthy"]]
            if bad:
                first = bad[0]
                raise SnapshotNotTrustworthy(
                    f"{_wrong(bad, len(self.results))}, first"
                    f" {_which(first)}: {first['findings'][0]}",
                    hint=advice([one for row in bad for one in row["findings"]]),
                )
            levels = [row["level"] for row in self.results if row["id"]]  # not the store's own row
            lowest = min(levels, default=self.level)
            short = f", not {self.level}" if lowest < self.level else ""
            return f"{number(len(levels), 'snapshot')} verified at level {lowest}{short}"

        return (Step("verify snapshots", act, CHANGE),)

    def _meant(self, session: Session) -> "SnapshotRef | None":
        """Return the one snapshot that is looked at; None: the newest of every cluster."""
        if self.of is None and self.which != "newest":
            raise InvalidInput("--snapshot", "is one cluster's: name the cluster, too")
        if self.only is not None or self.of is None:
            return self.only
        from kled.snapshot.choosing import choose  # noqa: PLC0415 - not for --help

        session.snapshot_store.require()
        remembering = session.stores.remembering
        return choose(session.snapshot_store, self.of, self.which, state=remembering)


def _wrong(bad: Rows, looked_at: int) -> str:
    """Say how many are wrong: snapshots, or clusters with keys that their newest one lacks."""
    from kled.snapshot.trust.settling import is_of_keys  # noqa: PLC0415 - not for --help

    if all(is_of_keys(row["findings"][0]) for row in bad):
        have = "has keys that its" if len(bad) == 1 else "have keys that their"
        return f"{number(len(bad), 'cluster')} {have} newest snapshot lacks"
    return f"{len(bad)} of {looked_at} snapshots cannot be trusted"


def _which(row: Mapping[str, object]) -> str:
    """Name what a row of `VerifySnapshots` is about."""
    if row["id"]:
        return f"{row['id']} of {row['cluster']}"
    return str(row["cluster"] or "the snapshot store itself")


@dataclass(frozen=True, slots=True)
class PruneSnapshots:
    """Remove what retention does not keep, and collect what nothing refers to."""

    keep: Mapping[str, int] = field(default_factory=dict)
    """last, hourly, daily, weekly, monthly, yearly; over the settings file's."""
    only: str | None = None
    """A cluster; None prunes those of all clusters."""
    confirm: str | None = None
    """The cluster's name once more; a protected one needs it."""
    results: Rows = field(default_factory=list)

    name = "prune snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or that it is about all."""
        return self.only or ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step: plan, check that it is meant, apply."""
        effect = Effect()

        def act(session: Session) -> str:
            effect.begins()
            self.results.clear()
            kept = session.snapshot_store
            policy = keep_snapshots.policy(session.settings, self.keep)
            progress = counted(session)
            try:
                plan = keep_snapshots.plan(kept, policy, self.only, session.stores.remembering)
                self.require_meant(session, plan)
                report = keep_snapshots.prune(kept, plan, progress)
            except KledError:
                effect.ends(progress.begun)  # all that refuses comes before what deletes
                raise
            planned = plan.as_json()
            left = {name: planned[name] for name in ("unreadable", "strays")}
            self.results.append({**report.as_json(), **left})
            locked = f"; {len(report.locked)} are locked" if report.locked else ""
            effect.ends(report.removed or report.collected)
            collected = number(report.collected, "object")
            return f"{len(report.removed)} removed, {collected} collected{locked}"

        way_back = (
            "a second site, where kled snapshot mirror --to=URL has made one; nothing else has them"
        )
        return (Step("prune snapshots", act, CHANGE, way_back=way_back, changed=effect),)

    def require_meant(self, session: Session, plan: "PrunePlan") -> None:
        """Raise `NotApproved` where a protected cluster's snapshots would go unconfirmed.

        Among all clusters only typed numbers are held back: the retention of the settings file was
        thought about, and runs by schedule.
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


@dataclass(frozen=True, slots=True)
class MirrorSnapshots:
    """Copy to a second snapshot store what it lacks."""

    to: str
    only: str | None = None
    """A cluster; None copies those of all clusters."""
    retain_until: datetime | None = None
    """Object lock there until then."""
    results: Rows = field(default_factory=list)

    name = "mirror snapshots"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or that it is about all."""
        return self.only or ALL

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def act(session: Session) -> str:
            self.results.clear()
            kept = session.snapshot_store
            session.stores.require_apart(self.to, "the mirror")
            kept.require()
            target = session.other_store(self.to)
            report = keep_snapshots.mirrored(
                kept, target, counted(session), self.only, self.retain_until
            )
            self.results.append(report.as_json())
            report.require()
            return f"{len(report.copied)} copied, {report.present} there already"

        return (Step("mirror snapshots", act, CHANGE, way_back=ADDS_ONLY),)
