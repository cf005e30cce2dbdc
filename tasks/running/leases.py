"""Waiting for another writer's lease, as a task: a run shows for whom it waits, and how long."""

from collections.abc import Callable
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from kled.errors import KledError
from kled.lease import Wait
from kled.operations import stores
from kled.visible import visible
from tasks.running import edge, logs

NAME: Final = "wait for the lease"


class Rest:
    """What is left of a wait. A plain class on purpose: Prefect walks through dataclasses."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self.go_on = go_on


@task(name=NAME, cache_policy=NO_CACHE, persist_result=False)
def wait_for_lease(rest: Rest) -> None:
    """Return when the lease is free. Safe to repeat: nothing was changed yet."""
    error = _error_of(rest)
    if error is not None:
        raise error


def _error_of(rest: Rest) -> KledError | None:
    """Wait; return the error without what hangs on it, as a step's task does."""
    try:
        rest.go_on()
    except BaseException as error:
        if edge.is_control(error):
            raise
        return edge.clean_error(edge.foreseen_error(error, NAME))
    return None


def wait(lease: Wait, rest: Callable[[], None]) -> None:
    """Wait in a task of this run, in its own thread (`kled.lease.Waiting`)."""
    logs.leave_out(NAME)
    wait_for_lease.with_options(task_run_name=run_name(lease))(Rest(rest))


def run_name(lease: Wait) -> str:
    """Return whose lease it is and until when it is waited for, redacted."""
    until = stores.now() + lease.longest
    about = f"wait for {lease.cluster}: held by {lease.holder}; until {until:%Y-%m-%d %H:%M} UTC"
    return visible(edge.redactor().text(about))
