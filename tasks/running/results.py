"""What the tasks of a block found out or did: for tables and events that tell it when it has ended.

A task that raises has often seen something first, such as which snapshots cannot be trusted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kled.errors import KledError
from kled.operations.step import Step

T = TypeVar("T")


class Results:
    """The values that tasks made, also those of tasks that failed after they had looked."""

    def __init__(self) -> None:
        self._steps: dict[Callable[..., Any], Step[Any]] = {}

    def note(self, task: Callable[..., T], step: Step[T]) -> None:
        """Remember the step that a task performs; of two by the same task the later one counts."""
        self._steps[task] = step

    def of(self, task: Callable[..., T]) -> T | None:
        """Return what a task has made so far; None: nothing, or it was not called."""
        step = self._steps.get(task)
        return None if step is None else step.known()


Afterwards = Callable[[Results, KledError | None], object]
"""What is done when a block has ended, with its results and the error that ended it early."""


def afterwards(task: Callable[..., T], publish: Callable[[T | None], object]) -> Afterwards:
    """Return what gives `publish` the result of a task when its block has ended."""
    return lambda results, _: publish(results.of(task))


@contextmanager
def published(publish: Afterwards | None) -> Iterator[Results]:
    """Yield the results, and `publish` them when the block within ends, well or with an error.

    Not where somebody stopped it: then nobody knows what it would have found.
    """
    results = Results()
    try:
        yield results
    except KledError as error:
        if publish is not None:
            publish(results, error)
        raise
    if publish is not None:
        publish(results, None)
