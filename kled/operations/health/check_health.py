"""Looks at all that keeps clusters recoverable: are they healthy, and could they be brought back.

Each look is a step of its own. What is wrong with one cluster, or one store, becomes a finding and
hides no other; the last step says what the findings mean together. Nothing is changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kled.errors import KledError
from kled.models.cluster import Cluster
from kled.models.health_finding import ALL, HealthFinding, Look, State, worst_first
from kled.models.share import Share
from kled.operations import stores
from kled.operations.fleet import all_clusters
from kled.operations.fleet.all_clusters import Answer
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.guards.guards import READS
from kled.operations.health.validate_clusters import (
    clusters_to_validate,
    health_in_brief,
    look_at_clusters,
)
from kled.operations.health.verdict import Findings, in_words, require_healthy
from kled.operations.session import Session
from kled.operations.step import Step, step_with_result
from kled.retry import ONCE, READ
from kled.sentences import number

if TYPE_CHECKING:
    from kled.operations.health.looks.discovery import ReadPublic
    from kled.operations.health.looks.stored import StoredCluster

T = TypeVar("T")
_EVERY: Final = 5.0
"""Seconds between two lines on how far a look is."""
_STATES: Final[dict[str, State]] = {
    all_clusters.OK: "ok",
    all_clusters.NEVER: "ok",
    all_clusters.CHANGING: "warning",
    all_clusters.WAITING: "failed",
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """The clusters that are looked at, and what the state store has of each."""

    clusters: tuple[Cluster, ...]
    stored: "Mapping[str, StoredCluster]" = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the clusters."""
        return tuple(cluster.name for cluster in self.clusters)

    @property
    def applied(self) -> "tuple[StoredCluster, ...]":
        """The clusters that can be read and were ever applied: others have nothing to lose."""
        return tuple(known for known in self.stored.values() if known.is_applied)

    @property
    def readable(self) -> "dict[str, StoredCluster]":
        """The clusters that can be read, by their names."""
        return {name: known for name, known in self.stored.items() if known.problem is None}

    @property
    def findings(self) -> Findings:
        """A finding for each cluster that cannot be read."""
        return tuple(
            _unread(name, known.problem)
            for name, known in self.stored.items()
            if known.problem is not None
        )


Known = Callable[[], Fleet]


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """Look at one cluster, or at every one."""

    only: str | None = None
    """The cluster; None: all."""
    patience: timedelta = timedelta(0)
    """How long a cluster that does not validate is asked again."""
    skip: tuple[str, ...] = ()
    """Of all, clusters that are left out, such as those put to sleep."""
    validates: bool = True
    """Whether kops is asked, too; without, only stores are."""
    now: Callable[[], datetime] = stores.now
    read_public: "ReadPublic | None" = None
    """Reads by https what clouds read; None: nothing is asked there."""

    name = "check health"
    guards = READS

    @property
    def cluster(self) -> str:
        """The only cluster, or the name for all."""
        return self.only or ALL

    def steps(self) -> tuple[Step[Any], ...]:
        """Return a step for each kind of look, and the verdict, which makes all findings."""
        reading = read_step(self)
        fleet = partial(_made, reading)
        looking = (
            *((validate_step(self, fleet),) if self.validates else ()),
            etcd_step(self, fleet),
            keys_step(self, fleet),
            snapshots_step(self, fleet),
            lifecycle_step(fleet),
        )
        every = partial(_all_made, fleet, looking)
        return (reading, *looking, verdict_step(every))


def _made(step: Step[T]) -> T:
    assert step.result is not None  # noqa: S101 - each step here makes a value
    return step.result()


def _all_made(fleet: Known, looking: Iterable[Step[Findings]]) -> Findings:
    return (*fleet().findings, *(finding for step in looking for finding in _made(step)))


def _look(name: str, look: Callable[[Session], Iterable[HealthFinding]]) -> Step[Findings]:
    """Return a step that makes findings. Safe to repeat: it only reads."""

    def act(session: Session) -> tuple[Findings, str]:
        findings = tuple(look(session))
        return findings, in_words(findings)

    return step_with_result(name, act, ONCE)


def read_step(check: CheckHealth) -> Step[Fleet]:
    """List the clusters, and read what the state store has of each; raise where it has none.

    Safe to repeat: it only reads.
    """

    def act(session: Session) -> tuple[Fleet, str]:
        from kled.operations.health.looks.stored import read_clusters  # noqa: PLC0415 - loads YAML

        clusters = _clusters(session, check)
        names = [cluster.name for cluster in clusters]
        fleet = Fleet(clusters, read_clusters(session.state_store, names))
        return fleet, f"{number(len(names), 'cluster')} listed"

    return step_with_result("read the state store", act, READ)


def _clusters(session: Session, check: CheckHealth) -> tuple[Cluster, ...]:
    if check.only is None:
        return clusters_to_validate(session, check.skip)
    listed = tuple(cluster for cluster in listed_clusters(session) if cluster.name == check.only)
    if not listed:
        session.kops.definition.get(check.only)  # raises ClusterNotFound as kops words it
    return listed


def _unread(cluster: str, problem: KledError) -> HealthFinding:
    message = f"the state store does not give what it has of it: {problem.message}"
    mend = problem.hint or "kled doctor tries the stores"
    return HealthFinding(cluster, "etcd markers", "", "unknown", message, mend)


def validate_step(check: CheckHealth, fleet: Known) -> Step[Findings]:
    """`kops validate cluster` for each, again until the patience is over."""

    def look(session: Session) -> Iterator[HealthFinding]:
        clusters = fleet().clusters
        ask = _counting(session, len(clusters))
        return map(_validated, look_at_clusters(session, clusters, check.patience, ask))

    return _look("validate clusters", look)


def _counting(session: Session, total: int) -> Callable[[Session, str], Answer]:
    """Return what asks one cluster, and tells every few seconds how many were asked."""
    lock, done, due = Lock(), 0, session.clock.monotonic() + _EVERY

    def ask(session: Session, cluster: str) -> Answer:
        nonlocal done, due
        try:
            return health_in_brief(session, cluster)
        finally:
            with lock:
                done += 1
                if session.clock.monotonic() >= due:
                    due = session.clock.monotonic() + _EVERY
                    asked = min(done, total)
                    session.tell(Share(asked, total, f"{asked} of {total} clusters were asked"))

    return ask


def _validated(answer: Answer) -> HealthFinding:
    state: State = _STATES.get(answer.state, "unknown")
    mend = answer.mend if state != "ok" else ""
    return HealthFinding(answer.cluster, "validation", "", state, answer.words, mend)


def etcd_step(check: CheckHealth, fleet: Known) -> Step[Findings]:
    """Look at etcd's control markers and backups of each applied cluster."""

    def look(session: Session) -> list[HealthFinding]:
        from kled.operations.health.looks.etcd import judge_etcd, read_etcd  # noqa: PLC0415

        now, intervals = check.now(), session.settings.targets.etcd_backup_intervals

        def look_at(known: "StoredCluster") -> Iterator[HealthFinding]:
            etcds = read_etcd(session.state_store, known, session.other_store)
            return judge_etcd(known, etcds, now, intervals)

        return _of_each(fleet(), "etcd markers", look_at)

    return _look("look at etcd", look)


def keys_step(check: CheckHealth, fleet: Known) -> Step[Findings]:
    """Look how long certificates hold, and at the public documents of service accounts."""

    def look(session: Session) -> list[HealthFinding]:
        from kled.operations.health.looks.certificates import judge_certificates  # noqa: PLC0415
        from kled.operations.health.looks.discovery import judge_discovery  # noqa: PLC0415

        now = check.now()
        warned = timedelta(days=session.settings.targets.certificate_days)

        def look_at(known: "StoredCluster") -> Iterator[HealthFinding]:
            yield from judge_certificates(known, now, warned)
            yield from judge_discovery(known, session.other_store, check.read_public)

        return _of_each(fleet(), "certificates", look_at)

    return _look("look at keys", look)


def _of_each(
    fleet: Fleet, kind: Look, look_at: "Callable[[StoredCluster], Iterable[HealthFinding]]"
) -> list[HealthFinding]:
    """Return the findings of a look at each applied cluster, all at once.

    What fails for one cluster is a finding of that one.
    """
    from kled.operations.health.looks.stored import each_at_once  # noqa: PLC0415 - loads YAML

    known = {each.cluster: each for each in fleet.applied}
    findings: list[HealthFinding] = []
    for cluster, seen in each_at_once(known, lambda name: list(look_at(known[name]))).items():
        if isinstance(seen, KledError):
            mend = seen.hint or "kled doctor tries the stores"
            findings.append(HealthFinding(cluster, kind, "", "unknown", seen.message, mend))
        else:
            findings += seen
    return findings


def snapshots_step(check: CheckHealth, fleet: Known) -> Step[Findings]:
    """Look what could be brought back from the newest trusted snapshot of each cluster."""
    return _look("look at snapshots", lambda session: _snapshots(session, check, fleet()))


def _snapshots(session: Session, check: CheckHealth, fleet: Fleet) -> Iterator[HealthFinding]:
    from kled.operations.health.looks import snapshots as looks  # noqa: PLC0415 - not for --help
    from kled.operations.health.looks.stored import each_at_once  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

    if session.settings.snapshot_store is None:
        yield looks.NO_STORE
        return
    readable = fleet.readable
    try:
        ledger = read_ledger(session.snapshot_store, session.state_store)
    except KledError as error:
        mend = error.hint or "kled doctor tries the stores"
        message = f"the snapshot store cannot be read: {error.message}"
        yield HealthFinding(ALL, looks.LOOK, "", "unknown", message, mend)
        return
    points = each_at_once(readable, partial(looks.find_recoverable, ledger))
    for cluster, point in points.items():
        targets = session.settings.targets
        yield from looks.judge_snapshots(readable[cluster], point, check.now(), targets)


def lifecycle_step(fleet: Known) -> Step[Findings]:
    """Look which lifecycle rules of the stores' buckets could take what clusters live by."""
    return _look("look at lifecycle rules", lambda session: _lifecycles(session, fleet()))


def _lifecycles(session: Session, fleet: Fleet) -> Iterator[HealthFinding]:
    from kled.operations.health.looks import lifecycle as looks  # noqa: PLC0415 - not for --help
    from kled.operations.health.looks.stored import each_at_once  # noqa: PLC0415

    kept, state = session.settings.snapshot_store, session.state_store.location.url
    asks = {state: session.stores.lifecycle}
    if kept is not None:
        asks[kept] = partial(session.stores.lifecycle_of_snapshots, kept)
    told = each_at_once(asks, lambda url: asks[url]())
    yield from looks.judge_state_store(looks.place_of(state, fleet.names), told[state])
    if kept is not None:
        yield from looks.judge_snapshot_store(kept, told[kept])


def verdict_step(every: Callable[[], Findings]) -> Step[Findings]:
    """Say how healthy all are together; make all findings, the worst first, and raise the worst."""

    def act(_session: Session) -> tuple[Findings, str]:
        findings = worst_first(every())
        return findings, in_words(findings)

    return step_with_result("judge", act, ONCE, require=require_healthy)
