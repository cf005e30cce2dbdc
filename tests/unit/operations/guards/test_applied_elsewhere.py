"""What is of another state store lets kops at no machines of it while that one has the cluster.

A copy deleted the machines of the original (fault 2). `update` from a copy
took them over first, and erased what the deletion looks at; F9: so did a drill on a second site.
Other members: a group's deletion ends machines, too, and `epoch raise` did not look at all.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kled import config
from kled.errors import NotApproved
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll
from kled.operations.cluster import apply_changes
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.guards.applied_elsewhere import require_applied_here
from kled.operations.guards.overrides import NOTHING
from kled.operations.identity import identity_check
from kled.operations.instance_group.create_delete import DeleteInstanceGroup
from kled.operations.preview import foreseen
from kled.operations.recovery.raise_epoch import RaiseEpoch
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.step import Operation
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World

TEMPLATE = Change("modify", "LaunchTemplate", "nodes", {"InstanceType": "t3.medium -> t3.large"})


class Copied(World):
    """A cluster that was applied from `state`, and a copy of it in `copy`.

    The definition of either names no place, as one that was mended.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        base = f"{root}/state/{CLUSTER}"
        text = f"kind: Cluster\nmetadata: {{name: {CLUSTER}}}\nspec: {{configBase: {base}}}\n"
        self.write("state", {"cluster-completed.spec": text.encode()})
        shutil.copytree(root / "state", root / "copy")

    def url(self, state: str) -> str:
        return (self.root / state).as_uri()

    def session(self, state: str, snapshots: str = "snapshots") -> Session:
        env = {**self.settings.environment, "KOPS_STATE_STORE": self.url(state)}
        env["KLED_SNAPSHOT_STORE"] = self.url(snapshots)
        if not snapshots:
            del env["KLED_SNAPSHOT_STORE"]
        kops: Any = None  # nothing is asked of it
        return Session(config.load(env), kops, CLOCK, WHO, None, overrides=NOTHING)

    def look(self, state: str, snapshots: str = "snapshots", *, deletes: bool = False) -> None:
        require_applied_here(self.session(state, snapshots), CLUSTER, deletes=deletes)

    def drill(self, *classes: str) -> None:
        """Restore the cluster into an empty state store, as on a second site."""
        wish = Wish(CLUSTER, self.wish.snapshot, to=self.url("other"), rewrite_places=True)
        chosen = Wish(CLUSTER, wish.snapshot, to=wish.to, classes=classes) if classes else wish
        run(RestoreState(chosen), self.session("state"))


@pytest.fixture
def world(tmp_path: Path) -> Copied:
    return Copied(tmp_path)


@pytest.mark.parametrize("snapshots", ["snapshots", ""])
def test_a_copy_is_not_deleted_with_the_machines_of_the_living(
    world: Copied, snapshots: str
) -> None:
    with pytest.raises(NotApproved, match="which has it still: its machines are") as refused:
        world.look("copy", snapshots, deletes=True)

    original = (world.root / "state").as_uri()
    assert f"delete-cluster --name={CLUSTER} --state={original}" in str(refused.value.hint)
    world.look("state", snapshots, deletes=True)


def test_a_renamed_state_store_is_the_clusters_own(world: Copied) -> None:
    shutil.rmtree(world.root / "state")

    world.look("copy")


def test_a_cluster_that_a_recovery_moved_is_deleted_where_it_lives(world: Copied) -> None:
    kept = Stores(world.settings, CLOCK).snapshots
    epoch.check(kept, CLUSTER, (world.root / "state").as_uri())
    epoch.advance(kept, CLUSTER, (world.root / "copy").as_uri())

    world.look("copy")


def test_one_that_was_never_applied_has_no_machines(world: Copied) -> None:
    (world.root / "copy" / CLUSTER / "cluster-completed.spec").unlink()

    world.look("copy")


OPERATIONS = (
    UpdateCluster(CLUSTER),
    UpdateCluster(CLUSTER, roll=Roll()),
    ReconcileCluster(CLUSTER),
    RollCluster(CLUSTER, Roll()),
    RotateKeypairs(CLUSTER, "create"),
)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("snapshots", ["second", ""])
def test_no_change_from_a_copy_reaches_the_machines_of_the_living(
    world: Copied, operation: Operation, snapshots: str
) -> None:
    """F8: with the copy's own snapshot store, or without one, no epoch speaks against it."""
    (world.root / "second").mkdir()

    refused = foreseen.refusal(world.session("copy", snapshots), operation, now=False)

    assert isinstance(refused, NotApproved)
    assert f"was applied from {world.url('state')}, which has it still" in refused.message
    moved = f"epoch raise --name={CLUSTER} --state={world.url('copy')} --former="
    assert f"{moved}{world.url('state')}" in str(refused.hint)
    with pytest.raises(NotApproved, match="which has it still"):
        run(operation, world.session("copy", snapshots))


def test_no_plan_of_a_copy_is_cleared(world: Copied) -> None:
    with pytest.raises(NotApproved, match="which has it still"):
        apply_changes.clear(world.session("copy", ""), Plan(CLUSTER, (TEMPLATE,)))


def test_a_group_of_the_living_is_not_deleted_from_a_copy(world: Copied) -> None:
    deletion = DeleteInstanceGroup(CLUSTER, "nodes", CLUSTER)

    refused = foreseen.refusal(world.session("copy", ""), deletion, now=False)

    assert "which has it still" in str(refused)
    with pytest.raises(NotApproved, match="which has it still"):  # and in a chain of tasks
        deletion.looking_first().act(world.session("copy", ""))


@pytest.mark.parametrize("classes", [(), ("identity", "intent")], ids=["all", "without derived"])
@pytest.mark.parametrize("snapshots", ["second", ""])
def test_a_drill_reaches_no_machines_of_the_living(
    world: Copied, classes: tuple[str, ...], snapshots: str
) -> None:
    """F9: the definition names the drill's own place, and without `derived` nothing was applied."""
    (world.root / "second").mkdir()
    world.drill(*classes)

    with pytest.raises(NotApproved, match="which has it still"):
        identity_check.check(world.session("other", snapshots), CLUSTER)


def test_the_witness_of_a_drill_survives_an_update(world: Copied) -> None:
    """While the other one could not be read it was let through, and names its own place now."""
    world.drill()
    applied = world.root / "other" / CLUSTER / "cluster-completed.spec"
    if applied.exists():
        applied.write_bytes(applied.read_bytes().replace(b"/state/", b"/other/"))

    with pytest.raises(NotApproved, match="which has it still"):
        world.look("other", "", deletes=True)


def drilled(world: Copied) -> str:
    world.drill()
    return "other"


def copied(world: Copied) -> str:
    shutil.copytree(world.root / "snapshots", world.root / "mirror")
    return "copy"


@pytest.mark.parametrize("make", [drilled, copied])
def test_a_move_is_said_by_name_and_then_it_goes_on(
    world: Copied, make: Callable[[Copied], str]
) -> None:
    """The epoch named neither: `epoch raise` without `--former` looked at nothing else."""
    state = make(world)
    session = world.session(state)
    with pytest.raises(NotApproved, match="which has it still"):
        run(RaiseEpoch(CLUSTER, world.wish.snapshot, world.url(state)), session)

    said = RaiseEpoch(CLUSTER, world.wish.snapshot, world.url(state), world.url("state"))
    run(said, world.session(state))

    world.look(state, deletes=True)
    assert not (world.root / state / ".kled" / "origins" / f"{CLUSTER}.json").exists()


def test_a_move_is_said_where_the_first_change_wrote_an_epoch(world: Copied) -> None:
    """An edit in a copy with a snapshot store of its own began epoch 1 there: that is no move."""
    shutil.copytree(world.root / "snapshots", world.root / "second")
    kept = Stores(world.session("copy", "second").settings, CLOCK).snapshots
    epoch.check(kept, CLUSTER, world.url("copy"))
    with pytest.raises(NotApproved, match="which has it still"):
        world.look("copy", "second")

    said = RaiseEpoch(CLUSTER, world.wish.snapshot, world.url("copy"), world.url("state"))
    run(said, world.session("copy", "second"))

    world.look("copy", "second")


def test_what_is_restored_where_it_was_taken_came_from_nowhere(world: Copied) -> None:
    run(RestoreState(world.wish), world.session("state"))

    assert not (world.root / "state" / ".kled" / "origins").exists()


def test_a_move_by_the_restore_itself_leaves_no_witness(world: Copied) -> None:
    wish = Wish(CLUSTER, world.wish.snapshot, to=world.url("other"), rewrite_places=True)
    run(RestoreState(wish, raise_epoch=True), world.session("state"))

    world.look("other")
