"""Give an instance group other bounds so that no pod is killed by it.

Up: store, update, wait until the nodes are ready. Down: the group is held back, the nodes that go
are drained through the API, their machines deleted one by one, and only then are the bounds
lowered: an autoscaling group never picks a machine (facts: the minSize incident).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from kled.operations import identity, ways_back
from kled.operations.giving_back import NOTHING_HELD
from kled.operations.guards import SCALES
from kled.operations.plan_scaling import planned_scaling, require_agreed
from kled.operations.scaling import NOTHING, Scaling, Target
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.operations.stored_sizes import SO_ALREADY
from kled.retry import CHANGE, ONCE, READ, Policy
from kled.sentences import options

DRAIN: Final = timedelta(minutes=15)
"""How long one node may take to drain, as kops' own default."""
_NOTHING_DONE: Final = frozenset({NOTHING, NOTHING_HELD, SO_ALREADY})
"""What a move says that has changed nothing."""


@dataclass(frozen=True, slots=True)
class ScaleInstanceGroup:
    """Bring a group to its new bounds; None leaves one as it is."""

    cluster: str
    instance_group: str
    minimum: int | None = None
    maximum: int | None = None
    drain_timeout: timedelta = DRAIN
    patience: timedelta = timedelta(minutes=30)
    """How long new nodes may take to be ready."""
    force_unmanaged: bool = False
    """Also evict pods that nothing makes anew."""
    api_server: str | None = None
    """Where the Kubernetes API is asked instead of at the cluster's own address."""
    approved: str | None = None
    """The digest of a plan that somebody agreed to (`plan_scaling`), or its first 12 digits."""

    name = "scale instance group"
    guards = SCALES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order; those of scaling down find nothing to do otherwise.

        Each is safe to repeat and to kill: it looks at what is, and what a run before had begun is
        in its journal (`scale_journal`). Where pods cannot be moved, the group gets back what it
        was: it may launch again, nothing is cordoned, and `DrainBlocked` names the pods.
        """
        target = self._target()

        def scaling(session: Session) -> Scaling:
            return Scaling(session, target)

        def check(session: Session) -> str:
            words = scaling(session).check()
            wanted = self.instance_group, self.minimum, self.maximum
            require_agreed(session, planned_scaling(session, self.cluster, *wanted), self.approved)
            return words

        group = options(name=self.cluster, instance_group=self.instance_group)
        again = f"kled kops scale-instance-group {group}"
        held, back = f"{again} --abandon --yes", f"{again} --yes with the earlier bounds"
        earlier = ways_back.Found()

        def set_bounds(session: Session) -> str:
            before = scaling(session).stored_bounds()
            words = scaling(session).set_bounds()
            if before != scaling(session).stored_bounds():
                low, high = before
                earlier.are(f"{again} {options(min=low, max=high, yes=True)}")
            return words

        return (
            identity.step(self.cluster),
            Step("check scaling", check, READ, reads=True),
            _move("hold group back", lambda s: scaling(s).hold_back(), CHANGE, held),
            _move("drain and end machines", lambda s: scaling(s).end_machines(), ONCE, held),
            replace(_move("set bounds", set_bounds, CHANGE, back, earlier), makes_keys=True),
            replace(
                _move("let group launch", lambda s: scaling(s).release(), CHANGE, back, earlier),
                ends=("hold group back", "drain and end machines"),
            ),
            Step("wait for nodes", lambda s: scaling(s).wait(), ONCE),
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


def _move(
    name: str,
    act: Callable[[Session], str],
    policy: Policy,
    way_back: str,
    back: Callable[[], str] = lambda: "",
) -> Step:
    """Return the step of one move; one that found nothing to do has nothing to take back."""
    effect = Effect()

    def moved(session: Session) -> str:
        effect.begins()
        words = act(session)
        effect.ends(words not in _NOTHING_DONE)
        return words

    return Step(name, moved, policy, way_back=way_back, changed=effect, back=back)
