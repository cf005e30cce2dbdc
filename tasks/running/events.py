"""Tells Prefect what became of a cluster, while the run goes on: automations listen to it.

Delivered at least once: a run that is repeated announces again, but for a change that it finds
made. The words are those of design §6.
"""

from typing import Any, Final

from prefect.events import emit_event

from kled.errors import ClusterNotReady, KledError
from kled.operations.runner import Row
from kled.operations.step import Step, UseCase
from kled.visible import visible
from tasks.running import edge

_DONE: Final = {
    ("create cluster", "update cluster"): "kled.cluster.created",
    ("delete cluster", "prove that nothing is left"): "kled.cluster.deleted",
    ("update cluster", "update cluster"): "kled.cluster.updated",
    ("update cluster", "rolling update"): "kled.cluster.rolled",
    ("rolling update", "rolling update"): "kled.cluster.rolled",
    ("scale instance group", "wait for nodes"): "kled.cluster.scaled",
    ("update cluster", "validate cluster"): "kled.cluster.healthy",
    ("create cluster", "validate cluster"): "kled.cluster.healthy",
    ("validate cluster", "validate cluster"): "kled.cluster.healthy",
}
"""Operation and step that succeeded, and what that means."""
_ELSEWHERE: Final = {
    "update cluster": "kled.cluster.updated",
    "rolling update": "kled.cluster.rolled",
    "wait for nodes": "kled.cluster.scaled",
    "validate cluster": "kled.cluster.healthy",
}
"""What a step means in a chain of somebody else."""
STEPS: Final = frozenset(step for _, step in _DONE) | _ELSEWHERE.keys()
"""The steps that are announced."""
_OURS: Final = frozenset(operation for operation, _ in _DONE)
_CHANGES: Final = frozenset({"kled.cluster.updated", "kled.cluster.rolled"})
"""What is announced where something was changed alone; such steps have a way back then."""


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
            event = event_of(self._use_case.name, row)
        else:
            event = "kled.cluster.unhealthy" if self._waited_in == row.step else None
        if event is not None:
            emit(event, self._use_case.cluster, row.words)


def event_of(operation: str, row: Row) -> str | None:
    """Return what a step that succeeded means to others; None: nothing, or nothing new."""
    known = _DONE.get((operation, row.step))
    event = known if operation in _OURS else _ELSEWHERE.get(row.step)
    return None if event in _CHANGES and not row.way_back else event


def emit(event: str, cluster: str, message: str) -> None:
    """Emit `event` about `cluster`; returns at once, Prefect sends in the background."""
    emit_event(event, **told(cluster, message))


def told(cluster: str, message: str) -> dict[str, Any]:
    """Return what an event says, in names and words of one line each, without secrets."""
    redact = edge.redactor().text
    name = visible(redact(cluster))
    return {
        "resource": {"prefect.resource.id": f"kled.cluster.{name}", "prefect.resource.name": name},
        "payload": {"cluster": name, "words": visible(redact(message))},
    }
