"""Tells Prefect what became of a cluster, while the run goes on: automations listen to it.

Delivered at least once: a run that is repeated announces again, but for a change that it finds
made. The words are those of design §6.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from prefect.events import emit_event

from kled.errors import ClusterNotReady, KledError
from kled.models.cluster_event import ClusterEvent
from kled.operations.runner import Row
from kled.operations.step import Step, UseCase
from kled.visible import visible
from tasks.running import edge

_DETAILS: Final = 20


class Announcer:
    """An observer that emits an event as soon as the step that proves it has ended."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case
        self._waited_in: str | None = None

    def started(self, step: Step) -> None:
        """Nothing is known yet."""

    def retried(self, step: Step, error: KledError) -> None:
        """Remember whether it is the cluster that keeps the step from succeeding."""
        self._waited_in = step.name if isinstance(error, ClusterNotReady) else None

    def ended(self, row: Row) -> None:
        """Emit what the step's end means, if it means anything to others."""
        if row.outcome == "done":
            event = event_of(row)
        else:
            event = ClusterEvent.UNHEALTHY if self._waited_in == row.step else None
        if event is not None:
            emit(name_of(event), self._use_case.cluster, row.words)


def event_of(row: Row) -> ClusterEvent | None:
    """Return what a step that succeeded means to others; None: nothing, or nothing new.

    A step that has changed nothing has no way back.
    """
    unchanged = row.event is not None and row.event.is_change and not row.way_back
    return None if unchanged else row.event


def name_of(event: ClusterEvent) -> str:
    """Return what Prefect's automations know the event by."""
    return f"kled.cluster.{event}"


def emit(
    event: str, cluster: str, message: str, *, details: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Emit `event` about `cluster`; returns at once, Prefect sends in the background."""
    emit_event(event, **payload_of(cluster, message, details))


def payload_of(
    cluster: str, message: str, details: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return what an event says, in names and words of one line each, without secrets.

    `details` are findings as plain data, of which the first are sent: an event has a limit.
    """
    redact = edge.redactor().text
    name = visible(redact(cluster))
    plain = [
        {key: visible(redact(cell)) if isinstance(cell, str) else cell for key, cell in row.items()}
        for row in details[:_DETAILS]
    ]
    return {
        "resource": {"prefect.resource.id": f"kled.cluster.{name}", "prefect.resource.name": name},
        "payload": {
            "cluster": name,
            "words": visible(redact(message)),
            **({"findings": plain} if plain else {}),
        },
    }
