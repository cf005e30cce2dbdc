"""Automations of Prefect beside the deployments: they tell what a run that died cannot say itself.

Each bears a tag that only kled's automation of that kind and environment has: by it deploying again
finds and updates it in place, also where somebody gave it another name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture

from deployments.automation_kinds import ABANDONED, LOST, OVERDUE, REFUSED, TOLD, tag, telling
from kled.sentences import duration

SILENCE: Final = timedelta(minutes=10)
"""Without a heartbeat for this long a run's process is taken for dead: some heartbeats, and a
server that is away for minutes ends no run by it."""
BACKUP: Final = timedelta(hours=2)
"""Without a completed back-up for this long somebody is told; they run each hour."""
_BACKUP: Final = "back-up-state"
_RUN: Final = "prefect.flow-run"
_HEARTBEAT: Final = f"{_RUN}.heartbeat"
_OVER: Final = frozenset(
    f"{_RUN}.{name}" for name in ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")
)
_AWAY: Final = frozenset(
    f"{_RUN}.{name}" for name in ("Suspended", "Scheduled", "AwaitingRetry", "Resuming")
)
"""States of a run that has no process, and will have one again."""
_STATES: Final = {"failed": ("Failed", "TimedOut")}
"""Names of states, where they are others than the kind's own."""
_LINK: Final = "{{ flow_run|ui_url }}"
_SAYS: Final = "{{ flow_run.state.message }}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One automation as it shall be."""

    kind: str
    """What it is for, in words that people read; unique in an environment."""
    core: AutomationCore


def wanted(
    environment: str,
    deployments: Mapping[str, UUID],
    block: UUID | None,
    *,
    silence: timedelta = SILENCE,
    backup: timedelta = BACKUP,
) -> tuple[Wanted, ...]:
    """Return the automations for the runs of `deployments`, which are ids by the names of flows.

    Those that tell somebody need a notification `block`.
    """
    of_ours = _related(*deployments.values())
    made = [*_ending(of_ours, silence)]
    if block is not None:
        made += _telling(environment, of_ours, block)
        made += [_dead_man(environment, _related(deployments[_BACKUP]), block, backup)]
    return tuple(
        Wanted(kind, _named(environment, kind, trigger, action, words))
        for kind, trigger, action, words in made
    )


_Made = tuple[str, EventTrigger, ActionTypes, str]


def _related(*deployments: UUID) -> dict[str, list[str] | str]:
    return {"prefect.resource.id": [f"prefect.deployment.{one}" for one in deployments]}


def _ending(of_ours: dict[str, list[str] | str], silence: timedelta) -> Iterator[_Made]:
    """Yield what ends runs whose process is gone: a lost host says nothing."""
    minutes = duration(silence)
    yield (
        LOST,
        _silent(of_ours, {_HEARTBEAT}, {_HEARTBEAT, *_OVER, *_AWAY}, silence),
        ChangeFlowRunState(
            state=StateType.CRASHED,
            message=f"no heartbeat for {minutes}: its host or process is gone; run it again",
        ),
        f"A run without a heartbeat for {minutes} becomes Crashed.",
    )
    yield (
        ABANDONED,
        _silent(of_ours, {f"{_RUN}.Cancelling"}, set(_OVER), silence),
        ChangeFlowRunState(
            state=StateType.CANCELLED,
            message=f"cancelled {minutes} ago, and its process is gone",
        ),
        f"A run that is Cancelling for {minutes} becomes Cancelled.",
    )


def _silent(
    of_ours: dict[str, list[str] | str], after: set[str], expect: set[str], within: timedelta
) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": f"{_RUN}.*"},
        match_related=of_ours,
        for_each={"prefect.resource.id"},
        after=after,
        expect=expect,
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )


def _telling(environment: str, of_ours: dict[str, list[str] | str], block: UUID) -> Iterator[_Made]:
    """Yield what tells people of runs that did not complete."""
    for kind in TOLD:
        states = _STATES.get(kind, (kind.capitalize(),))
        yield (
            telling(kind),
            _at_once(f"{_RUN}.*", of_ours, {f"{_RUN}.{state}" for state in states}),
            SendNotification(
                block_document_id=block,
                subject=f"kled {environment}: {kind}: {{{{ flow_run.name }}}}",
                body=f"{{{{ flow.name }}}} is {{{{ flow_run.state.name }}}}: {_SAYS}\n{_LINK}",
            ),
            f"Somebody is told of each run that is {kind}.",
        )
    yield (
        REFUSED,
        _at_once("prefect.automation.*", of_ours, {"prefect.automation.action.failed"}),
        SendNotification(
            block_document_id=block,
            subject=f"kled {environment}: an automation could not start a run",
            body="{{ event.resource.name }}: {{ event.payload.reason }}",
        ),
        "Somebody is told where an automation could not act on a deployment of kled.",
    )


def _at_once(match: str, of_ours: dict[str, list[str] | str], expect: set[str]) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": match},
        match_related=of_ours,
        for_each={"prefect.resource.id"},
        expect=expect,
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )


def _dead_man(
    environment: str, of_backup: dict[str, list[str] | str], block: UUID, within: timedelta
) -> _Made:
    """Return what tells of back-ups that stopped: a schedule that sleeps makes no run to fail."""
    hours = duration(within)
    trigger = EventTrigger(
        match={"prefect.resource.id": f"{_RUN}.*"},
        match_related=of_backup,
        expect={f"{_RUN}.Completed"},
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )
    action = SendNotification(
        block_document_id=block,
        subject=f"kled {environment}: no back-up has completed for {hours}",
        body=f"A run of {_BACKUP} completes where every cluster has a trusted snapshot of what is"
        " there. Look at its runs, its schedule, and whether it is paused.",
    )
    words = f"Somebody is told, again and again, while no {_BACKUP} completes for {hours}."
    return OVERDUE, trigger, action, words


def _named(
    environment: str, kind: str, trigger: EventTrigger, action: ActionTypes, words: str
) -> AutomationCore:
    return AutomationCore(
        name=f"kled {environment}: {kind}",
        description=f"{words} Made by `kled deploy`, which keeps a pause and further actions.",
        tags=["kled", tag(environment, kind)],
        trigger=trigger,
        actions=[action],
    )
