"""Backs up: snapshots the state of clusters, and says what mends each that cannot be trusted."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from kled import __version__
from kled.errors import InvalidInput, KledError
from kled.kops.state_store import layout
from kled.operations import stores
from kled.operations.guards.guards import STORES
from kled.operations.recovery.restores_under_way import RestoresUnderWay
from kled.operations.session import Session
from kled.operations.snapshots.kops_proof import birth_check
from kled.operations.snapshots.over_clusters import ALL, Rows, count_for
from kled.operations.step import ADDS_ONLY, Step, step_with_result
from kled.retry import CHANGE
from kled.sentences import number

if TYPE_CHECKING:
    from kled.snapshot.create.results import ClusterResult, RunResult
    from kled.snapshot.progress import Progress


@dataclass(frozen=True, slots=True)
class BackUpReport:
    """What a run took, and what a recovery would begin with."""

    run: "RunResult"
    fallbacks: "Mapping[str, str | None]" = field(default_factory=dict)
    """The newest trusted snapshot of each cluster for which this run took none."""

    @property
    def rows(self) -> Rows:
        """A row per cluster: cluster, id, reused, level, trusted, reasons, objects, bytes, error.

        `mend` is what a person does about it, empty where nothing is wrong; `newest_trusted` is the
        snapshot with which a recovery would begin, None where there is none.
        """
        return [
            {
                **cluster.as_json(),
                "newest_trusted": self.fallbacks.get(cluster.cluster, cluster.snapshot),
            }
            for cluster in self.run.clusters
        ]

    @property
    def summary(self) -> str:
        """How many clusters there are, and how many new snapshots of them, in words."""
        clusters = self.run.clusters
        new = sum(not cluster.reused for cluster in clusters)
        warnings = "".join(f"; {warning}" for warning in self.run.warnings)
        return f"{number(len(clusters), 'cluster')}, {number(new, 'new snapshot')}{warnings}"


@dataclass(frozen=True, slots=True)
class BackUpState:
    """Snapshot the named clusters, or every cluster of the state store."""

    clusters: tuple[str, ...] | None = None
    etcd_backups: int | None = 1
    """How many complete backups of each etcd cluster to take; None takes all."""
    retain_until: datetime | None = None
    """Lock the objects until then."""
    reuse: bool = True
    """False also writes the payloads again that earlier snapshots hold."""
    rotated: tuple[str, ...] = ()
    """Secrets of the one named cluster that were given new values on purpose."""

    name = "back up state"
    guards = STORES

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.clusters[0] if self.clusters and len(self.clusters) == 1 else ALL

    def steps(self) -> "tuple[Step[BackUpReport]]":
        """Return the one step. Raises where not all of every cluster is in a trusted snapshot."""

        def act(session: Session) -> "tuple[BackUpReport, str]":
            self._require_names()
            self._require_secrets(session)
            done = back_up(
                session.stores,
                self.clusters,
                progress=count_for(session),
                retain_until=self.retain_until,
                reuse=self.reuse,
                settles=not self.reuse,
                etcd_backups=self.etcd_backups,
                rotated=frozenset(self.rotated),
            )
            bad = [cluster.cluster for cluster in done.clusters if not cluster.trusted]
            fallbacks = newest_trusted(session.stores, bad)
            report = BackUpReport(with_cures(session.stores, done, fallbacks), fallbacks)
            return report, report.summary

        return (
            step_with_result(
                "take snapshots",
                act,
                CHANGE,
                require=lambda report: report.run.require_whole(),
                way_back=ADDS_ONLY,
            ),
        )

    def _require_names(self) -> None:
        """Raise `InvalidInput` for an invalid cluster name.

        A run with it could not be read again.
        """
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
        secrets = [entry.key.removeprefix(prefix) for entry in session.state_store.entries(prefix)]
        for name in self.rotated:
            if name not in secrets:
                problem = f'cluster "{self.cluster}" has no secret {name!r}'
                raise InvalidInput("--rotated", problem, hint=f"it has {', '.join(secrets)}")


BY = f"kled {__version__}"


def back_up(  # noqa: PLR0913 - what is taken, and how, each by its name
    opened: stores.Stores,
    clusters: Sequence[str] | None,
    *,
    progress: "Progress",
    retain_until: datetime | None = None,
    reuse: bool = True,
    settles: bool = False,
    before_change: bool = False,
    etcd_backups: int | None = 1,
    rotated: frozenset[str] = frozenset(),
) -> "RunResult":
    """Snapshot the named clusters, or all. Safe to repeat and to kill (`snapshot.create.create`).

    `etcd_backups` is how many complete backups of each etcd cluster to take; None takes all. The
    other options are those of `CreateOptions`.
    """
    from kled.snapshot.create.first_look import FirstLook  # noqa: PLC0415 - not for --help

    halfway = RestoresUnderWay(opened.state, clusters)
    first = FirstLook(opened.state, lambda: opened.snapshots, halfway)
    from kled.snapshot.create.create import create  # noqa: PLC0415 - while it is asked
    from kled.snapshot.create.results import CreateOptions  # noqa: PLC0415

    done = create(
        opened.state,
        opened.snapshots,
        clusters,
        options=CreateOptions(
            BY,
            etcd_backups,
            retain_until,
            reuse,
            settles,
            before_change,
            birth_check(opened.settings),
            rotated,
            halfway,
        ),
        progress=progress,
        first=first,
    )
    return halfway.cured(done)


def with_cures(
    opened: stores.Stores, done: "RunResult", fallbacks: "Mapping[str, str | None]"
) -> "RunResult":
    """Return the run with what to type for each cluster that cannot be trusted.

    A cure that the run itself knows is kept. A GET for the manifest that would be restored: a
    restore leaves objects that the manifest lacks.
    """
    cured = (
        replace(cluster, cure=_cure(opened, cluster, fallbacks.get(cluster.cluster)))
        if cluster.reasons and not cluster.cure
        else cluster
        for cluster in done.clusters
    )
    return replace(done, clusters=tuple(cured))


def _cure(opened: stores.Stores, bad: "ClusterResult", good: str | None) -> str:
    from kled.snapshot.create.row_words import UNCOPIED  # noqa: PLC0415
    from kled.snapshot.losses.other_secrets import advise_where_meant  # noqa: PLC0415
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415 - not for --help

    place = f"{opened.state.location.url}/{bad.cluster}"
    if good is None:
        return f"mend it in {place}: no snapshot of it can be trusted"
    back = f"kled snapshot restore --name={bad.cluster} --snapshot={good} --yes"
    try:
        kept = {
            record.key
            for record in opened.snapshots.manifest(SnapshotRef(bad.cluster, good)).objects
        }
    except KledError:  # it was read a moment ago
        kept = set()
    added = [key for key in _keys_named(bad.reasons) if kept and key not in kept]
    if added:
        return (
            f"look what {place}/{added[0]} is, and move it out: snapshot {good} does not have it;"
            f" what it has comes back with: {back}"
        )
    instead = [reason.partition(" ")[0] for reason in bad.reasons if UNCOPIED in reason]
    mend = f"move {place}/{instead[0]} away, then" if instead else "mend it, or"
    advice = advise_where_meant(bad.cluster, bad.reasons)
    return f"{mend} put back what was good: {back}{advice}"


def _keys_named(reasons: Sequence[str]) -> list[str]:
    """Return the keys with which reasons begin (`kops.state_store.contents.findings`)."""
    keys = (reason.partition(" ")[0] for reason in reasons)
    return [word for word in keys if "/" in word or word == "config"]


def newest_trusted(opened: stores.Stores, clusters: Sequence[str]) -> dict[str, str | None]:
    """Return the newest trusted snapshot of each cluster; None where that is unknown.

    Raises nothing: a failure here must not hide what a run has done.
    """
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

    newest: dict[str, str | None] = dict.fromkeys(clusters)
    try:
        ledger = read_ledger(opened.snapshots, opened.remembering) if clusters else None
    except KledError:
        return newest
    for cluster in clusters:
        with contextlib.suppress(KledError):
            newest[cluster] = make_choice(opened.snapshots, cluster, LATEST, ledger=ledger).ref.id
    return newest
