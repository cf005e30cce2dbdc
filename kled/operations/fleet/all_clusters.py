"""One question to every cluster of the state store; each answers, or says why it cannot.

The worst answer decides the exit status: 1 where a cluster could not be asked, else 6 where the
update of one would be refused, else 3 where one is unhealthy or has something pending, else 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kled.errors import (
    ClusterNotReady,
    EpochMismatch,
    KledError,
    NotApproved,
    NotYetApplied,
    SnapshotNotTrustworthy,
)
from kled.models.blast_radius import BlastRadius
from kled.models.cluster import Cluster
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingPlan
from kled.operations.cluster.plan_update import plan_with_radius
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.fleet.each_cluster import Trouble, ask_each, mend_of, require_read
from kled.operations.health.validate_cluster import healthy, not_ready, validate_once
from kled.operations.preview.blast_radius import of_roll
from kled.operations.preview.sight import SessionSight
from kled.operations.roll import interrupted_roll
from kled.operations.session import Session
from kled.sentences import enumerated

OK: Final = "ok"
WAITING: Final = "waiting"
REFUSED: Final = "refused"
UNREADABLE: Final = "unreadable"
CHANGING: Final = "changing"
"""Unhealthy while another command of kled changes it."""
NEVER: Final = "not applied"
"""Stored and never applied, so that nothing exists that could be healthy."""
_WORST: Final = (UNREADABLE, REFUSED, WAITING, CHANGING, NEVER, OK)
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one cluster."""

    cluster: str
    state: str
    """`ok`, `waiting` (not healthy, or something is pending), `refused` (an update would be),
    `unreadable`, `changing` or `not applied`."""
    words: str
    mend: str = ""
    """What to type next; empty where there is nothing to do."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further values for JSON."""
    passing: bool = False
    """Whether asking again soon may give another answer."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "state": self.state,
            "words": self.words,
            "mend": self.mend,
            **self.more,
        }


def worst_first(answer: Answer) -> tuple[int, str]:
    """Return the sort key of an answer: unreadable, refused, waiting, well; then by name."""
    return _WORST.index(answer.state), answer.cluster


@dataclass(frozen=True, slots=True)
class Pending:
    """What an update would change, whom it touches, and which machines need a roll."""

    plan: Plan
    radius: BlastRadius
    rolling: RollingPlan
    interrupted: str | None = None
    """An interrupted roll, and the command that ends it."""
    under_way: str | None = None
    """A roll that another writer makes at this moment; it is no reason to begin one."""

    def __bool__(self) -> bool:
        """Whether anything is pending."""
        changes = not (self.plan.is_empty and self.rolling.is_empty)
        return changes or bool(self.plan.refused or self.interrupted)

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            **self.plan.as_json(),
            "radius": self.radius.as_json(),
            "rolling": [row.as_json() for row in self.rolling.rows],
            "interrupted": self.interrupted,
            "under_way": self.under_way,
            "pending": bool(self),
        }


def look_for_pending(session: Session, cluster: str) -> Pending:
    """Return what is pending for one cluster; only reads."""
    plan, radius = plan_with_radius(session, UpdateCluster(cluster))
    rolling = session.kops.cluster.preview_rolling_update(cluster, Roll(cloudonly=True))
    if plan.is_empty and not rolling.is_empty:
        radius = of_roll(session, rolling, SessionSight(session, cluster))
    return Pending(
        plan,
        radius,
        rolling,
        interrupted_roll.words(session, cluster),
        interrupted_roll.under_way(session, cluster),
    )


def each_answer(
    session: Session,
    listed: Sequence[Cluster],
    ask: Callable[[Session, str], Answer],
    *,
    at_once: int = 1,
) -> tuple[Answer, ...]:
    """Ask every cluster, `at_once` of them at a time. Only reads.

    An error becomes the answer of its cluster.
    """
    asked = ask_each(
        session, listed, lambda cluster: _asked(session, cluster, ask), at_once=at_once
    )
    return tuple(
        Answer(answer.cluster, UNREADABLE, answer.problem, answer.mend)
        if isinstance(answer, Trouble)
        else answer
        for answer in asked
    )


def _asked(session: Session, cluster: str, ask: Callable[[Session, str], Answer]) -> Answer:
    try:
        return ask(session, cluster)
    except ClusterNotReady as late:
        return Answer(cluster, WAITING, late.message, late.hint or "", passing=True)
    except KledError as error:
        if not error.retryable:
            raise
        mend = mend_of(session.settings, cluster, error)
        return Answer(cluster, UNREADABLE, error.message, mend, passing=True)


def health(session: Session, cluster: str) -> Answer:
    """Say whether a cluster is healthy, after a single look."""
    try:
        report = validate_once(session, cluster)
    except NotYetApplied as never:
        mend = never.hint or f"kled kops update-cluster --name={cluster} --yes makes it"
        return Answer(cluster, NEVER, never.message, mend)
    more = {"validation": report.as_json()}
    if report.ready:
        return Answer(cluster, OK, healthy(report), more=more)
    error = not_ready(cluster, report)
    mend = f"kled kops validate-cluster --name={cluster} shows all of it"
    return Answer(cluster, WAITING, error.message, mend, more, passing=True)


def ask_what_is_pending(session: Session, cluster: str) -> Answer:
    """Answer with what is pending for a cluster."""
    try:
        left = look_for_pending(session, cluster)
    except (NotApproved, EpochMismatch, SnapshotNotTrustworthy) as error:
        return Answer(cluster, REFUSED, error.message, error.hint or "")
    more = {"plan": left.as_json()}
    if not left:
        return Answer(cluster, OK, left.under_way or "nothing is pending", more=more)
    rolls = "" if left.rolling.is_empty or left.under_way else "machines need a roll"
    changes = "" if left.plan.is_empty else left.plan.summary
    refused = f"REFUSED: {left.plan.refused}" if left.plan.refused else ""
    message = "; ".join(filter(None, (changes, rolls, refused, left.interrupted, left.under_way)))
    state = REFUSED if left.plan.refused else WAITING
    return Answer(cluster, state, message, f"kled plan --name={cluster} shows it", more)


def require_asked(answers: Sequence[Answer]) -> None:
    """Raise where a cluster could not be asked: exit status 1."""
    bad = [answer for answer in answers if answer.state == UNREADABLE]
    require_read(
        [Trouble(answer.cluster, answer.words, answer.mend) for answer in bad], len(answers)
    )


def require_allowed(answers: Sequence[Answer]) -> None:
    """Raise `NotApproved` where the update of a cluster would be refused: exit status 6."""
    names = [answer.cluster for answer in answers if answer.state == REFUSED]
    if names:
        raise NotApproved(
            f"the updates of {len(names)} of {len(answers)} clusters would be refused:"
            f" {enumerated(names, _SHOWN)}",
            hint="the line of each says why, and what to do",
        )


def say_who_waits(answers: Sequence[Answer], what: str) -> str:
    """Say how many clusters are not ready yet, and which; empty where all are."""
    names = [answer.cluster for answer in answers if answer.state == WAITING]
    shown = enumerated(names, _SHOWN)
    return f"{len(names)} of {len(answers)} clusters {what}: {shown}" if names else ""
