"""A step: what one line of an operation does, and how one attempt at it goes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from kled.errors import (
    DefinitionRejected,
    KledError,
    LeaseHeld,
    NotApproved,
    SettingsError,
    VersionRefused,
)
from kled.models.cluster_event import ClusterEvent
from kled.operations.guards.guards import Guards
from kled.retry import ONCE, READ, Policy

if TYPE_CHECKING:
    from typing_extensions import TypeVar as Defaulting

    from kled.operations.session import Session

    T = Defaulting("T", default=str)
    R = Defaulting("R", default=Any)
else:
    T = TypeVar("T")
    R = TypeVar("R")

READS_ONLY: Final = "nothing to take back: it only reads"
ADDS_ONLY: Final = "nothing to take back: it only adds a snapshot"
REFUSALS: Final = (SettingsError, NotApproved, LeaseHeld, VersionRefused, DefinitionRejected)
"""Errors of a step that has changed nothing."""


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One retriable step; running it twice ends as running it once does.

    `act` returns what happened, in words for the report. Where `done` returns words, nothing is
    left to do and `act` is not called. `proof` raises where the world is not as the step promises.
    `way_back` tells an operator how to take the step back: reports show it, and so do errors of a
    step that failed halfway. A step that would take away what was there before it tells by
    `changed` whether it has changed anything; where it has not, no way back is shown.

    A step that only `reads` and comes first runs before the snapshot that protects the cluster, so
    that a refusal costs no snapshot. A step that `makes_keys` is followed by a snapshot at once, so
    that no later failure or interruption can leave the new keys without a copy.
    """

    name: str
    act: "Callable[[Session], str]"
    policy: Policy = ONCE
    done: "Callable[[Session], str | None] | None" = None
    proof: "Callable[[Session], None] | None" = None
    way_back: str = READS_ONLY
    reads: bool = False
    makes_keys: bool = False
    changed: Callable[[], bool] = lambda: True
    look: "Callable[[Session], object] | None" = None
    """Raises the refusals of a step that `reads`, for a step whose `act` also writes down what
    it saw."""
    back: Callable[[], str] = lambda: ""
    """Returns the way back with the values known after the step has acted; empty: use
    `way_back`."""
    ends: tuple[str, ...] = ()
    """The names of earlier steps whose ways back are useless once this step is done."""
    unsure: str = ""
    """What nobody knows where the step is interrupted, and which command tells it; empty:
    nothing."""
    result: Callable[[], T] | None = None
    """Returns what the step found out or did, as a value, also where its proof has failed; raises
    `LookupError` before it has acted. None: its words are all there is."""
    event: ClusterEvent | None = None
    """What it means to others that it is done; None: nothing."""
    guards: bool = False
    """Whether it protects the cluster from the steps of an operation, and is none of them."""

    @property
    def told_back(self) -> str:
        """How the step is taken back; to be read after it has acted."""
        return self.back() or self.way_back

    @property
    def takes_back(self) -> bool:
        """Whether there is something to take back; to be read after it has acted."""
        return self.way_back not in {READS_ONLY, ADDS_ONLY} and self.changed()

    def known(self) -> T | None:
        """Return what it has found out or done so far; None: nothing, or words alone."""
        with suppress(LookupError):
            return self.result() if self.result is not None else None
        return None


class Effect:
    """Remembers, over all attempts, whether a step may have changed anything.

    `Step.changed` asks it.

    The answer is no only where the step's single attempt ended and said so: an attempt that failed
    may have changed a part.
    """

    def __init__(self) -> None:
        self._attempts = 0
        self._nothing = False

    def __call__(self) -> bool:
        """Whether there may be something to take back."""
        return not self._nothing

    def begins(self) -> None:
        """Note an attempt."""
        self._attempts += 1
        self._nothing = False

    def ends(self, changed: object) -> None:
        """Note what the attempt has changed; a false value means nothing."""
        self._nothing = not changed and self._attempts == 1


class UseCase(Protocol):
    """What is done to which cluster, and what protects it."""

    @property
    def name(self) -> str:
        """The operation's name in the field's words, for example `create cluster`."""

    @property
    def cluster(self) -> str:
        """The cluster that it is about."""

    @property
    def guards(self) -> Guards:
        """What must hold before, while and after it acts."""


class Operation(UseCase, Protocol[R]):
    """A use case bound to its arguments. The last of its steps with a result makes it `R`."""

    def steps(self) -> tuple[Step[R], ...]:
        """Return the steps in their order."""


class Planning(Operation[R], Protocol[R]):
    """An operation of one step, which only reads and finds something out: what a report returns."""

    def steps(self) -> tuple[Step[R]]:
        """Return the one step."""


def planning_step(
    name: str, find_out: "Callable[[Session], tuple[R, str]]", policy: Policy = READ
) -> Step[R]:
    """Return the step of a planning. Safe to repeat: it only reads.

    `find_out` returns what it finds out, and the words that tell it in a report.
    """
    return step_with_result(name, find_out, policy)


def step_with_result(
    name: str,
    act: "Callable[[Session], tuple[R, str]]",
    policy: Policy,
    *,
    require: Callable[[R], object] | None = None,
    way_back: str = READS_ONLY,
    changed: Callable[[], bool] = lambda: True,
) -> Step[R]:
    """Return a step that makes a value, which whoever ran it gets also where `require` raises.

    `act` returns the value, and the words that tell it in a report; `require` raises where the
    value shows that something is wrong.
    """
    results: list[R] = []

    def tell(session: "Session") -> str:
        results.clear()
        result, told = act(session)
        results.append(result)
        return told

    def prove(_: "Session") -> None:
        if require is not None:
            require(results[0])

    return Step(
        name,
        tell,
        policy,
        proof=prove,
        way_back=way_back,
        changed=changed,
        result=lambda: results[0],
    )


def attempt(step: Step[Any], session: "Session", on_act: Callable[[], None] = lambda: None) -> str:
    """Make one attempt at `step` and return what happened. `on_act` is called just before it acts.

    Raises `LeaseLost` before it acts where the session's lease is gone, and whatever the step
    raises; where the step may have acted halfway, the hint names the way back. Safe to repeat:
    `done` is asked each time, so that a repeat does only what is left.
    """
    session.check()
    if step.done is not None and (outcome := step.done(session)) is not None:
        return outcome
    on_act()
    try:
        outcome = step.act(session)
        if step.proof is not None:
            step.proof(session)
    except KledError as error:
        if step.takes_back and not isinstance(error, REFUSALS):
            error.advise(f"what it may have changed is taken back so: {step.told_back}")
        raise
    return outcome
