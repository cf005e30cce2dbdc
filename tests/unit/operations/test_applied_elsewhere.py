"""A copy of a state store deletes no machines of the cluster that it was copied from. Fault 2.

Another member: a refusal of the copy hinted to mend its places, and the deletion was then let go.
"""

import shutil
from pathlib import Path

import pytest

from kled import config
from kled.errors import NotApproved
from kled.operations.guards.applied_elsewhere import require_applied_here
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from tests.unit.operations.test_restore_state import CLOCK, CLUSTER, WHO, World


class Copied(World):
    """A cluster that was applied from `state`, and a copy of it in `copy`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        base = f"{root}/state/{CLUSTER}"
        text = f"kind: Cluster\nmetadata: {{name: {CLUSTER}}}\nspec: {{configBase: {base}}}\n"
        self.write("state", {"cluster-completed.spec": text.encode()})
        shutil.copytree(root / "state", root / "copy")

    def look(self, state: str, *, snapshots: bool = True) -> None:
        env = {**self.settings.environment, "KOPS_STATE_STORE": (self.root / state).as_uri()}
        if not snapshots:
            env.pop("KLED_SNAPSHOT_STORE", None)

        session = Session(config.load(env), None, CLOCK, WHO, None, overrides=NOTHING)
        require_applied_here(session, CLUSTER)


@pytest.fixture
def world(tmp_path: Path) -> Copied:
    return Copied(tmp_path)


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_copy_is_not_deleted_with_the_machines_of_the_living(
    world: Copied, *, snapshots: bool
) -> None:
    with pytest.raises(NotApproved, match="which has it still: its machines are") as refused:
        world.look("copy", snapshots=snapshots)

    original = (world.root / "state").as_uri()
    assert f"delete-cluster --name={CLUSTER} --state={original}" in str(refused.value.hint)
    world.look("state", snapshots=snapshots)


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
