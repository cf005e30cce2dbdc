"""Parts of a step as tasks within its own: a roll shows each of its groups."""

from collections.abc import Callable
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from kled.errors import KledError
from kled.visible import visible
from tasks.running import edge, logs

NAME: Final = "part of a step"


class PartOfStep:
    """What is done. A plain class on purpose: Prefect walks through dataclasses."""

    def __init__(self, name: str, act: Callable[[], None]) -> None:
        self.name, self.act = name, act


@task(name=NAME, cache_policy=NO_CACHE, persist_result=False)
def perform_part(part: PartOfStep) -> None:
    """Do a part of a step. It is its step that is tried again, and does only what is left."""
    outcome = edge.attempt(part.act, part.name)
    if isinstance(outcome, KledError):
        raise outcome


def perform(name: str, act: Callable[[], None]) -> None:
    """Do a part in a task of this run, in its own thread (`Session.part`)."""
    logs.leave_out(NAME)
    run_name = visible(edge.redactor().text(name))
    perform_part.with_options(task_run_name=run_name)(PartOfStep(name, act))
