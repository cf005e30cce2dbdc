"""Runs one step as a Prefect task, in the calling thread.

Never `.submit()`: a step in a worker thread would outlive a cancelled run with its kops
(facts: only the main thread gets Prefect's termination signal).
"""

from prefect import task
from prefect.cache_policies import NO_CACHE

from kled.errors import KledError
from kled.operations.runner import Row, StepObserver
from kled.operations.session import Session
from kled.operations.step import Step
from tasks.running import edge
from tasks.running.policies import Attempts, options


@task(persist_result=False, cache_policy=NO_CACHE)
def perform(attempts: Attempts) -> str:
    """Make one attempt at a step. Safe to repeat, as every step is; runs under its policy."""
    outcome = edge.attempt(attempts.make, attempts.step.name)
    if isinstance(outcome, KledError):
        raise outcome
    return outcome


def perform_step(
    step: Step,
    session: Session,
    observer: StepObserver,
    *,
    run_name: str = "",
    description: str = "",
) -> Row:
    """Run `step` to its end under its retry policy, and return what became of it.

    The task run is called as the step, unless it has a `run_name`. Raises the error of a step that
    failed for good; the observer has seen its row by then.
    """
    observer.started(step)
    attempts = Attempts(step, session, observer)
    chosen = options(step) | {"task_run_name": run_name or step.name}
    if description:
        chosen["description"] = description
    try:
        told = perform.with_options(**chosen)(attempts)
    except KledError as error:
        observer.ended(attempts.row("failed", error.message))
        raise
    row = attempts.row("done", told)
    observer.ended(row)
    return row
