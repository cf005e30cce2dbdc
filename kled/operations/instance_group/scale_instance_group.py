"""Gives an instance group other bounds without killing a pod.

Up: store, update, wait until the nodes are ready. Down: hold the group back, drain the nodes that
go through the API, delete their machines one by one, and lower the bounds only then, so that the
autoscaling group never picks a machine itself (facts: the minSize incident).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from kled.errors import KledError
from kled.models.cluster_event import ClusterEvent
from kled.operations import ways_back
from kled.operations.guards.guards import SCALES
from kled.operations.identity import identity_check
from kled.operations.instance_group.giving_back import NOTHING_HELD
from kled.operations.instance_group.plan_scaling import plan_scaling, require_agreed
from kled.operations.instance_group.scaling_moves import NOTHING, Scaling, Target
from kled.operations.instance_group.stored_sizes import SO_ALREADY
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE, ONCE, READ, Policy
from kled.sentences import options

DRAIN: Final = timedelta(minutes=15)
"""How long one node may take to drain, as kops' own default."""
HOLD: Final = "hold group back"
END: Final = "drain and end machines"
_NOTHING_DONE: Final = frozenset({NOTHING, NOTHING_HELD, SO_ALREADY})
"""The results of moves that changed nothing."""


@dataclass(frozen=True, slots=True)
class ScaleInstanceGroup:
    """Bring a group to its new bounds; None keeps a bound as it is."""

    cluster: str
    instance_group: str
    minimum: int | None = None
    maximum: int | None = None
    drain_timeout: timedelta = DRAIN
    patience: timedelta = timedelta(minutes=30)
    """How long new nodes may take to be ready."""
    force_unmanaged: bool = False
    """Also evict unmanaged pods."""
    api_server: str | None = None
    """Address of the Kubernetes API, in place of the cluster's own."""
    approved: str | None = None
    """The digest of a plan that somebody agreed to (`plan_scaling`), or its first 12 digits."""

    name = "scale instance group"
    guards = SCALES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order; those for scaling down do nothing where no machine goes.

        Each is safe to repeat and to kill: it looks at the present state, and the journal holds
        what an earlier run had begun (`scale_journal`). Where pods cannot be moved, the group gets
        back what it was: it may launch again, nothing is cordoned, and `DrainBlocked` names the
        pods.
        """
        target = self._target()
        earlier = ways_back.KnownWayBack()
        return (
            identity_check.step(self.cluster),
            check_step(target, self.approved),
            hold_step(target),
            end_step(target),
            bounds_step(target, earlier),
            release_step(target, earlier),
            wait_step(target),
        )

    def _target(self) -> Target:
        return Target(
            self.cluster,
            self.instance_group,
            self.minimum,
            self.maximum,
            self.drain_timeout,
            self.patience,
            self.force_unmanaged,
            self.api_server,
        )


def check_step(target: Target, approved: str | None = None) -> Step:
    """Check that the group may have these bounds, and that somebody agreed to them where needed.

    `approved` is the digest of the plan. Safe to repeat: it only reads.
    """

    def act(session: Session) -> str:
        outcome = Scaling(session, target).check()
        wanted = target.instance_group, target.minimum, target.maximum
        require_agreed(session, plan_scaling(session, target.cluster, *wanted), approved)
        return outcome

    return Step("check scaling", act, READ, reads=True)


def hold_step(target: Target) -> Step:
    """Keep the group from launching machines while some of its machines go."""
    return _move(HOLD, lambda s: Scaling(s, target).hold_back(), CHANGE, _abandon(target))


def end_step(target: Target) -> Step:
    """Drain the machines that go, by eviction, and end them one after the other."""
    return _move(END, lambda s: Scaling(s, target).end_machines(), ONCE, _abandon(target))


def bounds_step(target: Target, earlier: ways_back.KnownWayBack) -> Step:
    """Store the bounds and apply them.

    `earlier` receives the command that restores the old ones.
    """
    effect = Effect()

    def set_bounds(session: Session) -> str:
        effect.begins()
        scaling, stored = Scaling(session, target), None
        try:
            stored, before = scaling.stored_bounds(), scaling.bounds_before()
            if before != scaling.wanted_bounds():
                earlier.are(_bounds_again(target, before))
            outcome = scaling.set_bounds()
        except KledError:
            with suppress(KledError):
                effect.ends(stored is not None and _has_begun(scaling, stored))
                _tell_applied(session, target, scaling, earlier)
            raise
        effect.ends(outcome not in _NOTHING_DONE)
        _tell_applied(session, target, scaling, earlier)
        return outcome

    return Step(
        "set bounds",
        set_bounds,
        CHANGE,
        way_back=ways_back.UNKNOWN,
        changed=effect,
        back=earlier,
        makes_keys=True,
    )


def _has_begun(scaling: Scaling, stored: tuple[int, int]) -> bool:
    """Say whether other bounds are stored than before, or an update to the wanted ones began."""
    return scaling.applied_before() is not None or scaling.stored_bounds() != stored


def _tell_applied(
    session: Session, target: Target, scaling: Scaling, earlier: ways_back.KnownWayBack
) -> None:
    """Name the bounds that the cloud had, where the wanted ones were stored before this run."""
    applied = scaling.applied_before()
    if earlier() or applied is None:
        return
    known = applied != scaling.wanted_bounds()
    earlier.are(
        _bounds_again(target, applied) if known else ways_back.of_update(session, target.cluster)
    )


def release_step(target: Target, earlier: ways_back.KnownWayBack) -> Step:
    """Let the group launch machines again."""

    def release(session: Session) -> str:
        return Scaling(session, target).release()

    step = _move("let group launch", release, CHANGE, ways_back.UNKNOWN, earlier)
    return replace(step, ends=(HOLD, END))


def wait_step(target: Target) -> Step:
    """Wait until as many nodes are ready as the bounds ask for. It only reads."""

    def wait(session: Session) -> str:
        return Scaling(session, target).wait()

    return Step("wait for nodes", wait, ONCE, event=ClusterEvent.SCALED)


def _again(target: Target) -> str:
    group = options(name=target.cluster, instance_group=target.instance_group)
    return f"kled kops scale-instance-group {group}"


def _abandon(target: Target) -> str:
    return f"{_again(target)} --abandon --yes"


def _bounds_again(target: Target, bounds: tuple[int, int]) -> str:
    low, high = bounds
    return f"{_again(target)} {options(min=low, max=high, yes=True)}"


def _move(
    name: str,
    act: Callable[[Session], str],
    policy: Policy,
    way_back: str,
    back: Callable[[], str] = lambda: "",
) -> Step:
    """Return the step of one move; a move that had nothing to do has nothing to take back."""
    effect = Effect()

    def moved(session: Session) -> str:
        effect.begins()
        outcome = act(session)
        effect.ends(outcome not in _NOTHING_DONE)
        return outcome

    return Step(name, moved, policy, way_back=way_back, changed=effect, back=back)
