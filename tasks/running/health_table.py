"""What a look at all clusters tells: a table per run, events, and people where something changed.

The newest table of an earlier run says of which clusters people know that they are not healthy. So
they are told once when one stops being healthy, and once when it is healthy again; that it is not
is an event of every run.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prefect.artifacts import Artifact, create_table_artifact
from prefect.client.schemas.objects import State

from kled.errors import KledError
from kled.models.cluster_event import ClusterEvent
from kled.operations.fleet.all_clusters import CHANGING, OK, UNREADABLE, WAITING, Answer
from kled.operations.health.validate_clusters import ALL, ValidateClusters, summary_of
from kled.sentences import and_more, enumerated, number
from tasks.running import edge, events, notifications
from tasks.running.markdown import inline
from tasks.running.results import Afterwards
from tasks.running.snapshot_table import UNSEEN, make_visible
from tasks.running.summary import artifact_key

logger = logging.getLogger("kled.flows")

UNHEALTHY: Final = events.name_of(ClusterEvent.UNHEALTHY)
HEALTHY: Final = events.name_of(ClusterEvent.HEALTHY)
HealthRows = list[dict[str, str]]
KnownUnhealthy = frozenset[str]
"""Clusters of which people know that they are not healthy."""
_BAD: Final = frozenset({WAITING, UNREADABLE})
_UNSEEN: Final = "not looked at"
_TOLD: Final = "yes"
_LOOKED: Final = "they are looked at again"
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Message:
    """What people are told."""

    title: str
    lines: tuple[str, ...]
    cured: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """Which look it is that tells."""

    name: str
    """In the field's words; its table is an artifact of that name."""
    details: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """What the event of a cluster says beside its words, by cluster."""


_VALIDATIONS: Final = About(ValidateClusters.name)


def publish_afterwards(look: Callable[..., tuple[Answer, ...]]) -> Afterwards:
    """Return what publishes how the clusters are, when the task that looks at them has ended."""
    return lambda results, error: publish_health(results.of(look), error)


def publish_health(
    answers: Sequence[Answer] | None, error: KledError | None, about: About = _VALIDATIONS
) -> None:
    """Publish how the clusters are, when a look at them has ended, well or with an error.

    Of such an error people are told by this alone: once, not in every run.
    """
    if error is None:
        publish(answers or (), about=about)
    else:
        publish(answers or (), edge.failed_state(error, tells=False), about)
        edge.hush(error)


def publish(
    answers: Sequence[Answer], outcome: State[Any] | None = None, about: About = _VALIDATIONS
) -> None:
    """Announce how the clusters are, then store the table of the run, which failed in `outcome`.

    In this order: a run that dies in between is announced again, and never passed over.
    """
    key = artifact_key(about.name)
    known = _known(key)
    why = (outcome.message if outcome else None) or UNSEEN
    rows = table(answers, known or frozenset(), why)
    for event in events_of(rows, known):
        events.emit(*event, details=about.details.get(event[1], ()))
    for message in messages_of(rows, known or frozenset()):
        title = f"{about.name}: {message.title}"
        notifications.notify("failure", title, *message.lines, cured=message.cured)
    summary = summary_of(answers) if answers else why
    shown, description = make_plain(rows, summary)
    create_table_artifact(shown, key=key, description=description)


def make_plain(rows: HealthRows, summary: str) -> tuple[HealthRows, str]:
    """Return a table and its description with nothing that a page obeys, and without secrets."""
    redact = edge.redactor()
    return redact.data(make_visible(rows)), inline(redact.text(summary))


def table(answers: Sequence[Answer], known: KnownUnhealthy, why: str = UNSEEN) -> HealthRows:
    """Return a row for each cluster, the worst first; where none was looked at, one that says why.

    `told` says of which people know, after this run, that it is not healthy: also of one that is
    being changed, or was not looked at, and was not before.
    """
    unseen = [Answer(name, _UNSEEN, "as it was") for name in sorted(known - {ALL})]
    answers = answers or [Answer(ALL, UNREADABLE, why), *unseen]
    return [
        {
            "cluster": answer.cluster,
            "health": answer.state,
            "what": answer.words,
            "what to do": answer.mend,
            "told": _TOLD if answer.state in _BAD or _is_open(answer, known) else "",
        }
        for answer in answers
    ]


def _is_open(answer: Answer, known: KnownUnhealthy) -> bool:
    return answer.state in {CHANGING, _UNSEEN} and answer.cluster in known


def events_of(rows: HealthRows, known: KnownUnhealthy | None) -> list[tuple[str, str, str]]:
    """Return the events of a run: name, cluster, and words.

    `.unhealthy` of each cluster that is not, in every run; `.healthy` of each that was not before,
    and of all that are where nobody knows how they were (None).
    """
    healthy = [row["cluster"] for row in rows if row["health"] == OK]
    again = healthy if known is None else clusters_cured(rows, known)
    told = {row["cluster"]: row["what"] for row in rows}
    return [
        *((UNHEALTHY, row["cluster"], row["what"]) for row in rows if row["health"] in _BAD),
        *((HEALTHY, cluster, told.get(cluster, _LOOKED)) for cluster in again),
    ]


def messages_of(rows: HealthRows, known: KnownUnhealthy) -> list[Message]:
    """Return what people are told: one message about all that went bad, and one about all cured."""
    bad = [row for row in rows if row["health"] in _BAD and row["cluster"] not in known]
    messages = []
    if bad:
        lines = [_line(row) for row in bad[:_SHOWN]]
        more = filter(None, [and_more(len(bad), _SHOWN, before="")])
        messages.append(Message(_count(len(bad), "not healthy"), (*lines, *more)))
    if again := clusters_cured(rows, known):
        names = enumerated(again, _SHOWN)
        messages.append(Message(_count(len(again), "healthy again"), (names,), cured=True))
    return messages


def clusters_cured(rows: HealthRows, known: KnownUnhealthy) -> list[str]:
    """Return the clusters that are healthy, and of which people know that they were not."""
    states = {row["cluster"]: row["health"] for row in rows}
    again = [name for name, state in states.items() if state == OK and name in known]
    return again + ([ALL] if ALL in known and ALL not in states else [])


def read_known(data: object) -> KnownUnhealthy | None:
    """Return of which clusters people know, by the data of a table; None where it is none."""
    try:
        rows = json.loads(data) if isinstance(data, str) else data
        return frozenset(str(row["cluster"]) for row in rows if row["told"] == _TOLD)  # type: ignore[union-attr]
    except (ValueError, TypeError, KeyError):
        return None


def _known(key: str) -> KnownUnhealthy | None:
    """Return of which clusters people know by the run before; None: the server does not say."""
    try:
        artifact: Any = Artifact.get(key)
    except Exception as error:  # noqa: BLE001 - whatever the server does: all is told again
        logger.warning("how the clusters were before is not known: %s", type(error).__name__)
        return None
    return read_known(artifact.data) if artifact is not None else None


def _line(row: dict[str, str]) -> str:
    return "; ".join(filter(None, (f"{row['cluster']}: {row['what']}", row["what to do"])))


def _count(count: int, what: str) -> str:
    return f"{number(count, 'cluster')} {what}"
