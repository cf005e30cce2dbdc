"""`@kops_task` makes a function that describes a step a task that performs it.

@kops_task(APPLIES)
def update_cluster(cluster: str, approved: Approved | None = None) -> Step:
    '''Bring the cloud in line with the stored definition.'''
    return apply_step(cluster, approved)

update_cluster("c.example.com")     # a task run, with the retries of the step
"""

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, NoReturn, ParamSpec, TypeVar, cast

from kled.errors import SettingsError
from kled.models.spec import ClusterSpec
from kled.operations.guards.guards import READS, Guards
from kled.operations.step import Step
from tasks.running import block, edge

P = ParamSpec("P")
T = TypeVar("T")
_WHY: Final = "a cancelled run could not end its kops in another thread"


class KopsTask(Generic[P, T]):
    """A task of the library: calling it performs its step as a Prefect task run and waits.

    Within a block (`changing`, `reading`) it shares the block's session; outside of any it opens
    one of its own for its cluster: lease, epoch and snapshot, as its `guards` say. It returns what
    the step found out, else what happened, in words. Safe to repeat, as every step is.

    Raises the step's error, and `SettingsError` where it cannot run as it was called: in another
    thread than the main one, or in a block that protects another cluster or less than it needs.
    """

    def __init__(self, describe: Callable[P, Step[T]], guards: Guards) -> None:
        functools.update_wrapper(self, describe)
        self.name = describe.__name__.replace("_", " ")
        self.guards = guards
        self.called = describe.__name__
        self.step = describe
        """Describe the step without performing it."""
        self.__signature__ = inspect.signature(describe)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Perform the step, in this thread."""
        self._require_main_thread()
        step = self.step(*args, **kwargs)
        cluster, guards = self._about(*args, **kwargs)
        about = inspect.getdoc(self.step) or ""
        here = block.current_block()
        if here is not None:
            self._require_covered(here, cluster, guards)
            named = "" if here.use_case.cluster == cluster else _named(step, cluster)
            here.results.note(self, step)
            told = here.perform(cast("Step", step), run_name=named, description=about)
        else:
            told = self._alone(cast("Step", step), cluster, guards, about)
        return step.result() if step.result is not None else cast("T", told)

    def submit(self, *_: object, **__: object) -> NoReturn:
        """Raise `SettingsError`: a step runs in the main thread alone."""
        self._refuse(".submit()")

    def map(self, *_: object, **__: object) -> NoReturn:
        """Raise `SettingsError`: a step runs in the main thread alone."""
        self._refuse(".map()")

    def delay(self, *_: object, **__: object) -> NoReturn:
        """Raise `SettingsError`: a step runs in the main thread alone."""
        self._refuse(".delay()")

    def _alone(self, step: Step, cluster: str, guards: Guards, about: str) -> str:
        opens = block.changing if guards.lease else block.reading
        with opens(cluster, guards, called=step.name):
            here = block.current_block()
            assert here is not None  # noqa: S101 - it was opened in the line above
            return here.perform(step, run_name=_named(step, cluster), description=about)

    def _about(self, *args: P.args, **kwargs: P.kwargs) -> tuple[str, Guards]:
        """Return the cluster that the first parameter names, and what protects it."""
        bound = inspect.signature(self.step).bind(*args, **kwargs).arguments
        first = next(iter(bound.values()), block.ALL)
        wished = getattr(first, "guards", None)
        return _cluster(first), wished if isinstance(wished, Guards) else self.guards

    def _require_main_thread(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise SettingsError(
                f"{self.name} was called outside of the main thread: {_WHY}",
                hint=f"call {self.called}(...) in the flow itself, one task after the other;"
                " clusters are changed at once by runs of their own",
            )

    def _refuse(self, how: str) -> NoReturn:
        raise SettingsError(
            f"{self.name} is not a task for {how}: {_WHY}",
            hint=f"call it: {self.called}(...); clusters are changed at once by runs of their"
            " own, as run_deployment() starts them",
        )

    def _require_covered(self, here: block.Block, cluster: str, guards: Guards) -> None:
        use_case = here.use_case
        if here.place is not None and use_case.cluster != cluster:
            raise SettingsError(
                f"{self.name} is about {cluster}, and the block changes {use_case.cluster}",
                hint=f"end the block, and begin another one: with changing({cluster!r})",
            )
        if not use_case.guards.covers(guards):
            raise SettingsError(
                f"{self.name} needs more protection than its block gives",
                hint=f"begin the block as the task asks for it: with {_opener(guards)}({cluster!r},"
                f" {self.called}.guards), or call the task outside of a block",
            )


def _opener(guards: Guards) -> str:
    return "changing" if guards.lease else "reading"


def _named(step: Step[Any], cluster: str) -> str:
    return edge.redactor().text(f"{step.name} {cluster}")


def _cluster(first: object) -> str:
    """Return the cluster that a task's first argument means."""
    if isinstance(first, ClusterSpec):
        return first.name
    return first if isinstance(first, str) else str(getattr(first, "cluster", block.ALL))


def kops_task(
    guards: Guards = READS,
) -> Callable[[Callable[P, Step[T]]], KopsTask[P, T]]:
    """Make a function that returns a step a task that performs it, protected by `guards`.

    Its first parameter is the cluster, or a value that has one, such as a wish; one whose wish has
    `guards` of its own is protected by those.
    """
    return lambda describe: KopsTask(describe, guards)
