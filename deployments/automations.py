"""Automations of Prefect beside the deployments: they tell what a run that died cannot say itself.

Each bears a tag that only kled's automation of that kind and environment has: by it deploying again
finds and updates it in place, also where somebody gave it another name.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture

from deployments.automation_kinds import (
    ABANDONED,
    CURED,
    LOST,
    MARKERS,
    OVERDUE,
    REFUSED,
    TOLD,
    UNCHECKED,
    UNHEALTHY,
    UNSEEN,
    tag,
    telling,
)
from kled.sentences import duration

SILENCE: Final = timedelta(minutes=10)
"""Without a heartbeat for this long a run's process is taken for dead: some heartbeats, and a
server that is away for minutes ends no run by it."""
BACKUP: Final = timedelta(hours=2)
"""Without a completed back-up for this long somebody is told; they run each hour."""
LOOK: Final = timedelta(hours=1)
"""Without a look at the clusters for this long somebody is told; they are looked at four times in
it. Of one that stays unhealthy somebody is told as often, and not of each look."""
_BACKUP: Final = "back-up-state"
_LOOK: Final = "validate-cluster"
_CHECK: Final = "check-health"
_CLUSTER: Final = "kled.cluster"
_MISSING: Final = "kled.state-store.markers-missing"
_RUN: Final = "prefect.flow-run"
_LONG: Final = timedelta(days=1)
"""When it is over, the next look at a cluster that is not healthy begins it anew."""
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
class WantedAutomation:
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
) -> tuple[WantedAutomation, ...]:
    """Return the automations for the runs of `deployments`, which are ids by the names of flows.

    Those that tell somebody need a notification `block`.
    """
    of_ours = _related(*deployments.values())
    made = [*_ending(of_ours, silence)]
    if block is not None:
        looks = {_LOOK, _CHECK}
        others = {flow: own for flow, own in deployments.items() if flow not in looks}
        made += _telling(environment, of_ours, _related(*others.values()), block)
        made += _of_clusters(environment, of_ours, block)
        made += [
            _overdue_backup(environment, _related(deployments[_BACKUP]), block, backup),
            _overdue_look(environment, UNSEEN, _LOOK, _related(deployments[_LOOK]), block),
            _overdue_look(environment, UNCHECKED, _CHECK, _related(deployments[_CHECK]), block),
            _missing_markers(environment, of_ours, block),
        ]
    return tuple(
        WantedAutomation(kind, _named(environment, kind, trigger, action, about))
        for kind, trigger, action, about in made
    )


_Made = tuple[str, EventTrigger, ActionTypes, str]
_Related = dict[str, list[str] | str]


def _related(*deployments: UUID) -> _Related:
    return {
        "prefect.resource.id": [f"prefect.deployment.{deployment}" for deployment in deployments]
    }


def _ending(of_ours: _Related, silence: timedelta) -> Iterator[_Made]:
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
    of_ours: _Related, after: set[str], expect: set[str], within: timedelta
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


def _telling(
    environment: str, of_ours: _Related, of_others: _Related, block: UUID
) -> Iterator[_Made]:
    """Yield what tells people of runs that did not complete.

    A look at clusters fails as long as one is not healthy: of that its events tell (`of_others`).
    """
    for kind in TOLD:
        those = of_others if kind == "failed" else of_ours
        states = _STATES.get(kind, (kind.capitalize(),))
        yield (
            telling(kind),
            _at_once(f"{_RUN}.*", those, {f"{_RUN}.{state}" for state in states}),
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


def _at_once(match: str, of_ours: _Related, expect: set[str]) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": match},
        match_related=of_ours,
        for_each={"prefect.resource.id"},
        expect=expect,
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )


def _of_clusters(environment: str, of_ours: _Related, block: UUID) -> Iterator[_Made]:
    """Yield what tells people of each cluster that stops being healthy, and that is so again."""
    unhealthy, healthy = {f"{_CLUSTER}.unhealthy"}, {f"{_CLUSTER}.healthy"}
    for kind, trigger, about in (
        (
            UNHEALTHY,
            _of_each(of_ours, expect=unhealthy, within=LOOK),
            f"Somebody is told of each cluster that is not healthy, once in {duration(LOOK)}.",
        ),
        (
            CURED,
            _of_each(of_ours, after=unhealthy, expect=healthy, within=_LONG),
            "Somebody is told of each cluster that is healthy again.",
        ),
    ):
        how = kind.removeprefix("tell of clusters that are ")
        notification = SendNotification(
            block_document_id=block,
            subject=f"kled {environment}: {how}: {{{{ event.payload.cluster }}}}",
            body="{{ event.payload.words }}",
        )
        yield kind, trigger, notification, about


def _missing_markers(environment: str, of_ours: _Related, block: UUID) -> _Made:
    """Return what tells of an etcd that a restart could lose: nobody may touch it until then."""
    action = SendNotification(
        block_document_id=block,
        subject=f"kled {environment}: DO NOT RESTART ETCD of {{{{ event.payload.cluster }}}}",
        body="{{ event.payload.words }}",
    )
    about = f"Somebody is told of missing control markers of etcd, once in {duration(LOOK)}."
    return MARKERS, _of_each(of_ours, expect={_MISSING}, within=LOOK), action, about


def _of_each(
    of_ours: _Related, *, expect: set[str], within: timedelta, after: Set[str] = frozenset()
) -> EventTrigger:
    """Return what fires at once for a cluster, and for that one not again `within` a time."""
    return EventTrigger(
        match={"prefect.resource.id": f"{_CLUSTER}.*"},
        match_related=of_ours,
        for_each={"prefect.resource.id"},
        after=set(after),
        expect=expect,
        posture=Posture.Reactive,
        threshold=1,
        within=within,
    )


def _overdue_backup(environment: str, of_backup: _Related, block: UUID, within: timedelta) -> _Made:
    """Return what tells of back-ups that stopped: a schedule that sleeps makes no run to fail."""
    hours = duration(within)
    action = SendNotification(
        block_document_id=block,
        subject=f"kled {environment}: no back-up has completed for {hours}",
        body=f"A run of {_BACKUP} completes where every cluster has a trusted snapshot of what is"
        " there. Look at its runs, its schedule, and whether it is paused.",
    )
    about = f"Somebody is told, again and again, while no {_BACKUP} completes for {hours}."
    return OVERDUE, _dead_man(of_backup, {f"{_RUN}.Completed"}, within), action, about


def _overdue_look(environment: str, kind: str, flow: str, of_look: _Related, block: UUID) -> _Made:
    """Return what tells of looks that stopped; one that found something wrong has ended, too."""
    hour = duration(LOOK)
    ended = {f"{_RUN}.Completed", f"{_RUN}.Failed"}
    action = SendNotification(
        block_document_id=block,
        subject=f"kled {environment}: nobody has looked at the clusters for {hour}",
        body=f"No run of {flow} has ended. Look at its runs, its schedule, and whether it is"
        " paused.",
    )
    about = f"Somebody is told, again and again, while no {flow} ends for {hour}."
    return kind, _dead_man(of_look, ended, LOOK), action, about


def _dead_man(related: _Related, expect: set[str], within: timedelta) -> EventTrigger:
    return EventTrigger(
        match={"prefect.resource.id": f"{_RUN}.*"},
        match_related=related,
        expect=expect,
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )


def _named(
    environment: str, kind: str, trigger: EventTrigger, action: ActionTypes, about: str
) -> AutomationCore:
    return AutomationCore(
        name=f"kled {environment}: {kind}",
        description=f"{about} Made by `kled deploy`, which keeps a pause and further actions.",
        tags=["kled", tag(environment, kind)],
        trigger=trigger,
        actions=[action],
    )
