"""Instance groups: their definitions, and other bounds so that no pod is killed by it.

Scaling up, the bounds are stored and applied, and the new nodes are waited for; down, the machines
that go are drained and ended first. The tasks of one scaling are performed in their order here:
those of the other direction find nothing to do.
"""

from dataclasses import replace

from kled.operations.guards.guards import APPLIES, EDITS, ENDS
from kled.operations.instance_group import scale_instance_group as scaling
from kled.operations.instance_group.create_delete import CreateInstanceGroup, DeleteInstanceGroup
from kled.operations.instance_group.edit_instance_group import EditInstanceGroup
from kled.operations.instance_group.scaling_moves import Target
from kled.operations.step import Step
from kled.operations.ways_back import KnownWayBack
from tasks.running.task import kops_task

__all__ = [
    "CreateInstanceGroup",
    "DeleteInstanceGroup",
    "EditInstanceGroup",
    "Target",
    "check_scaling",
    "create_instance_group",
    "delete_instance_group",
    "drain_and_end_machines",
    "edit_instance_group",
    "hold_back",
    "let_launch",
    "set_bounds",
    "wait_for_nodes",
]


@kops_task(EDITS)
def edit_instance_group(wish: EditInstanceGroup) -> Step:
    """Change fields of a stored group; an update and a roll bring them to the machines."""
    (step,) = wish.steps()
    return step


@kops_task(EDITS)
def create_instance_group(wish: CreateInstanceGroup) -> Step:
    """Store another group; an update makes its machines."""
    (step,) = wish.steps()
    return step


@kops_task(ENDS)
def delete_instance_group(wish: DeleteInstanceGroup) -> Step:
    """Delete a group that has no machines any more: they are drained by the tasks of scaling."""
    return wish.looking_first()


@kops_task()
def check_scaling(group: Target, digest: str | None = None) -> Step:
    """Look whether the group may have these bounds; with a `digest`, whether they were approved.

    It only reads. Raises `NotApproved` where another plan was approved.
    """
    return scaling.check_step(group, digest)


@kops_task(APPLIES)
def hold_back(group: Target) -> Step:
    """Keep the group from launching machines in place of those that go."""
    return scaling.hold_step(group)


@kops_task(APPLIES)
def drain_and_end_machines(group: Target) -> Step:
    """Drain the machines that go, by eviction, and end them one after the other.

    Raises `DrainBlocked` where a budget holds their pods: the group gets back what it was.
    """
    return scaling.end_step(group)


@kops_task(APPLIES)
def set_bounds(group: Target) -> Step[KnownWayBack]:
    """Store the bounds and apply them. Returns how those before are set again."""
    earlier = KnownWayBack()
    step = scaling.bounds_step(group, earlier)
    return replace(step, result=lambda: earlier)  # type: ignore[arg-type, return-value]


@kops_task(APPLIES)
def let_launch(group: Target, earlier: KnownWayBack | None = None) -> Step:
    """Let the group launch machines again; `earlier` is what `set_bounds` returned."""
    return scaling.release_step(group, earlier or KnownWayBack())


@kops_task()
def wait_for_nodes(group: Target) -> Step:
    """Wait until as many nodes are ready as the bounds ask for. It only reads."""
    return scaling.wait_step(group)
