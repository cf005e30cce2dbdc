"""The core's retry policies in Prefect's terms (design D3).

`kled.retry` decides; nothing here adds a retry of its own. Prefect waits and repeats inside the
process, and `Attempts` holds the one deadline over all attempts that Prefect does not know.
"""

from datetime import timedelta
from typing import Any, Final

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from kled.errors import KledError
from kled.operations.runner import Row, StepObserver, StepOutcome
from kled.operations.session import Session
from kled.operations.step import Step, attempt
from kled.retry import Policy, given_up

BACKSTOP: Final = timedelta(seconds=120)
"""Prefect's own time-out comes this much after the deadline, which kled keeps itself."""


def only_transient(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry only what a second attempt may cure without a human."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, KledError) and error.retryable


def options(step: Step) -> dict[str, Any]:
    """Return the options of the Prefect task that performs `step`.

    No result is kept or cached (design D6): a repeat asks the world, not a store.
    """
    policy = step.policy
    return {
        "name": step.name,
        "task_run_name": step.name,
        "retries": policy.attempts - 1,
        "retry_delay_seconds": delays(policy),
        "retry_jitter_factor": policy.jitter,
        "retry_condition_fn": only_transient,
        "timeout_seconds": (policy.deadline + BACKSTOP).total_seconds(),
        "cache_policy": NO_CACHE,
        "persist_result": False,
        "log_prints": False,
    }


def delays(policy: Policy) -> list[float]:
    """Return the delays without the repetitions at the end.

    Prefect takes at most 50 and repeats the last one for every attempt after them.
    """
    seconds = list(policy.delays())
    while len(seconds) > 1 and seconds[-1] == seconds[-2]:
        seconds.pop()
    return seconds


class Attempts:
    """All attempts at one step: counts them and holds their one deadline.

    A plain class on purpose: Prefect walks through dataclasses that are passed to tasks.
    """

    def __init__(self, step: Step, session: Session, observer: StepObserver) -> None:
        self.step = step
        self.count = 0
        self._acted = False
        self._session = session
        self._observer = observer
        self._clock = session.clock
        self._begun = self._clock.monotonic()

    @property
    def seconds(self) -> float:
        """Time since the first attempt began, delays included."""
        return self._clock.monotonic() - self._begun

    def row(self, outcome: StepOutcome, message: str) -> Row:
        """Return what became of the step."""
        way_back = self.step.told_back if self._acted and self.step.takes_back else ""
        name, event = self.step.name, self.step.event
        return Row(name, outcome, self.seconds, self.count, message, way_back, event)

    def make(self) -> str:
        """Make the next attempt; return what happened.

        Raises what the step raises; `DeadlineExceeded` from it where the longest next delay would
        end after the deadline.
        """
        self.count += 1
        try:
            return attempt(self.step, self._session, self._acts)
        except KledError as error:
            if not error.retryable:
                raise
            self._observer.retried(self.step, error)
            if self.count < self.step.policy.attempts and self._too_late():
                raise given_up(error, self.step.policy) from error
            raise

    def _acts(self) -> None:
        self._acted = True

    def _too_late(self) -> bool:
        policy = self.step.policy
        delay = policy.delays()[self.count - 1] * (1 + policy.jitter)
        return self.seconds + delay >= policy.deadline.total_seconds()
