"""Looks at every cluster of the state store: which are healthy, and which are not for some time.

An unhealthy cluster is looked at again until the patience is over: nodes come and go, and one
failed validation says little. A cluster that another command of kled changes meanwhile is not
called unhealthy: its lease shows that, since a living holder renews it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kled.errors import ClusterNotReady, InvalidInput, KledError
from kled.models.cluster import Cluster
from kled.models.share import Share
from kled.operations.fleet import all_clusters
from kled.operations.fleet.all_clusters import CHANGING, OK, WAITING, Answer
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.guards.guards import READS
from kled.operations.session import Session
from kled.operations.step import Step, step_with_result
from kled.retry import ONCE
from kled.sentences import enumerated, number

if TYPE_CHECKING:
    from kled.lease import Observation

ALL: Final = "all clusters"
AT_ONCE: Final = 4
"""How many clusters are asked at a time, each by a kops of its own."""
PAUSE: Final = 30.0
"""Seconds between two looks at unhealthy clusters, in which a living holder renews its lease."""
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class ValidateClusters:
    """Ask every cluster, and unhealthy ones again until all are healthy or the patience is over."""

    patience: timedelta = timedelta(minutes=5)
    skip: tuple[str, ...] = ()
    """Clusters that are left out, such as those put to sleep."""

    name = "validate clusters"
    cluster = ALL
    guards = READS

    def steps(self) -> tuple[Step[tuple[Answer, ...]]]:
        """Return the one step: it makes an answer for each cluster, the worst come first.

        Raises as `require_healthy` does.
        """

        def act(session: Session) -> tuple[tuple[Answer, ...], str]:
            listed = clusters_to_validate(session, self.skip)
            answers = look_at_clusters(session, listed, self.patience, health_in_brief)
            return answers, summary_of(answers)

        return (step_with_result("validate clusters", act, ONCE, require=require_healthy),)


def clusters_to_validate(session: Session, skip: Collection[str]) -> tuple[Cluster, ...]:
    """Return the clusters of the state store without those to `skip`; raise where none is left.

    A cluster to skip that does not exist (any more) stops nothing.
    """
    listed = listed_clusters(session)
    if not listed:
        from kled.operations.guards.lost_cluster import say_lost  # noqa: PLC0415 - rarely
        from kled.snapshot.losses.vanished import no_cluster  # noqa: PLC0415 - not for --help

        error = no_cluster(str(session.settings.state_store))
        raise error.with_hint(say_lost(session) or str(error.hint))
    left = tuple(cluster for cluster in listed if cluster.name not in skip)
    if not left:
        raise InvalidInput("skip", f"leaves out all of {number(len(listed), 'cluster')}")
    return left


def health_in_brief(session: Session, cluster: str) -> Answer:
    """Say whether a cluster is healthy, without its nodes: a whole fleet has too many to list."""
    return replace(all_clusters.health(session, cluster), more={})


def look_at_clusters(
    session: Session,
    listed: Sequence[Cluster],
    patience: timedelta,
    ask: Callable[[Session, str], Answer] = all_clusters.health,
) -> tuple[Answer, ...]:
    """Ask every cluster once, and unhealthy ones again until the patience is over.

    Only reads; the worst come first.
    """
    ends = session.clock.monotonic() + patience.total_seconds()
    answers = _asked(session, listed, ask)
    leases = Leases(session)
    while again := [cluster for cluster in listed if answers[cluster.name].passing]:
        leases.look(cluster.name for cluster in again)
        left = ends - session.clock.monotonic()
        if left <= 0:
            break
        _tell(session, answers.values())
        session.clock.sleep(min(PAUSE, left))
        answers |= _asked(session, again, ask)
    return tuple(sorted(map(leases.excused, answers.values()), key=all_clusters.worst_first))


def require_healthy(answers: Sequence[Answer]) -> str:
    """Say how many clusters are healthy; raise the worst problem of the others.

    Exit status 1 where a cluster could not be asked, else 3 where one is not healthy.
    """
    waiting = all_clusters.say_who_waits(answers, "are not healthy")
    try:
        all_clusters.require_asked(answers)
    except KledError as error:
        if waiting:
            error.advise(waiting)
        raise
    if waiting:
        raise ClusterNotReady(waiting, hint="the line of each says what it lacks")
    return summary_of(answers)


def summary_of(answers: Iterable[Answer]) -> str:
    """Return how many clusters are healthy, changing and so on, and which are not healthy.

    For example `3 clusters healthy, 1 changing (c.example.com)`.
    """
    states: dict[str, list[str]] = {}
    for answer in answers:
        states.setdefault(answer.state, []).append(answer.cluster)
    healthy = [f"{number(len(states.get(OK, ())), 'cluster')} healthy"]
    others = [
        f"{len(names)} {state} ({enumerated(names, _SHOWN)})"
        for state, names in states.items()
        if state != OK
    ]
    return ", ".join(healthy + others)


class Leases:
    """The leases of clusters, over the time in which they are looked at."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._first: dict[str, Observation | None] = {}
        self._last: dict[str, Observation | None] = {}

    def look(self, clusters: Iterable[str]) -> None:
        """Look at the leases of these clusters once more."""
        for cluster in clusters:
            self._last[cluster] = self._seen(cluster)
            self._first.setdefault(cluster, self._last[cluster])

    def excused(self, answer: Answer) -> Answer:
        """Return the answer, as `changing` where the cluster's lease has moved meanwhile."""
        first, last = self._first.get(answer.cluster), self._last.get(answer.cluster)
        if answer.state != WAITING or last is None or (first is not None and first.tag == last.tag):
            return answer
        message = f"{answer.words}; it is being changed: {last.lease.describe()}"
        return replace(answer, state=CHANGING, words=message, mend="look again when that has ended")

    def _seen(self, cluster: str) -> "Observation | None":
        from kled.lease import look  # noqa: PLC0415 - where all are healthy none is needed

        try:
            store = self._session.state_store
            return look(store, cluster, self._last.get(cluster), self._session.clock)
        except KledError:  # what cannot be read excuses nothing
            return None


def _asked(
    session: Session, listed: Sequence[Cluster], ask: Callable[[Session, str], Answer]
) -> dict[str, Answer]:
    answers = all_clusters.each_answer(session, listed, ask, at_once=AT_ONCE)
    return {answer.cluster: answer for answer in answers}


def _tell(session: Session, answers: Iterable[Answer]) -> None:
    known = list(answers)
    healthy = sum(not answer.passing for answer in known)
    message = f"{healthy} of {number(len(known), 'cluster')} looked at, the others are asked again"
    session.tell(Share(healthy, len(known), message))
