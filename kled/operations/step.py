"""A step: what one line of an operation does, and how one attempt at it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

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
from kled.retry import ONCE, Policy

if TYPE_CHECKING:
    from typing_extensions import TypeVar as Defaulting

    from kled.operations.session import Session

    T = Defaulting("T", default=str)
else:
    T = TypeVar("T")

READS_ONLY: Final = "nothing to take back: it only reads"
ADDS_ONLY: Final = "nothing to take back: it only adds a snapshot"
REFUSALS: Final = (SettingsError, NotApproved, LeaseHeld, VersionRefused, DefinitionRejected)
"""Errors of a step that has changed nothing."""


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One retriable step; running it twice ends as running it once does.

    `act` returns what happened, in words for the report. Where `done` returns words, there is
    nothing left to do and `act` is not called. `proof` raises where the world is not as the step
    promises. `way_back` tells an operator how to take the step back: reports show it, and errors
    of a step that failed halfway. A step whose way back would take away what was there before
    knows whether it has `changed` anything by then: where it has not, none is told. A step that
    only `reads` and comes first is made before the snapshot that protects the cluster: what it
    refuses costs none. Of one that `makes_keys` a snapshot is due right after it: nothing that
    comes later, and may fail or be interrupted, may keep them from being anywhere else.
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
    """What a step that `reads` raises its refusals by, where `act` also writes down what it saw."""
    back: Callable[[], str] = lambda: ""
    """The way back with all that is known of it when the step has acted; empty: `way_back`."""
    ends: tuple[str, ...] = ()
    """The names of steps whose ways back lead nowhere any more when this one is done."""
    unsure: str = ""
    """What nobody knows where it is interrupted, and what tells it; empty: nothing."""
    result: Callable[[], T] | None = None
    """What it has found out for the steps after it, once it is done; None: what it says."""
    event: ClusterEvent | None = None
    """What it means to others that it is done; None: nothing."""
    guards: bool = False
    """Whether it protects the cluster from the steps of an operation, and is none of them."""

    @property
    def told_back(self) -> str:
        """How it is taken back; asked when it has acted."""
        return self.back() or self.way_back

    @property
    def takes_back(self) -> bool:
        """Whether there is something to take back; asked when it has acted."""
        return self.way_back not in {READS_ONLY, ADDS_ONLY} and self.changed()


class Effect:
    """What is known of what a step has changed, over its attempts; `Step.changed` asks it.

    Nothing, only where its one attempt ended and said so: one that failed may have done a part.
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
        """Note what the attempt has changed; what is false is nothing."""
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


class Operation(UseCase, Protocol):
    """A use case bound to its arguments."""

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""


def attempt(step: Step, session: "Session", on_act: Callable[[], None] = lambda: None) -> str:
    """Make one attempt at `step`; return what happened. `on_act` is called just before it acts.

    Raises `LeaseLost` before it acts where the session's lease is gone, and whatever the step
    raises; the hint of one that may have acted halfway names the way back. Safe to repeat: `done`
    is asked each time, so that a repeat does only what is left.
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
