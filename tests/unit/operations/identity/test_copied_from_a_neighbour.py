"""Another cluster's keys and configuration, copied over a cluster's own: one state, one hint.

The copied configuration was believed as what the machines
run with, so hints warned of the right snapshot and offered the one that has the copied keys.
"""

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.models.rolling import Roll
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.preview.preview_roll import PlanRoll
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import run_to_end
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.step import Operation
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA_KEY, GROUP, NODE_CONFIG, C, World, world
from tests.unit.operations.identity.test_keys_of_machines import OWN, Cloud, configure

__all__ = ["world"]

D = "d.example.com"
SECRET = "secrets/admin"
OTHER_TOKEN = b'{"Data":"Zm9yZWlnbmZvcmVpZ25mb3JlaWdu"}'
OPERATIONS = (UpdateCluster(C), RollCluster(C, Roll()), PlanRoll(C, Roll()))


def copied(world: World) -> str:
    """Copy D's keys, secrets and configuration over; return the snapshot with the right ones."""
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    good = world.snapshot()
    world.kops = Cloud([GROUP], control_plane=True, nodes=True)
    world.put(CA_KEY, keyset(("779", "FOREIGN")))
    world.put(SECRET, OTHER_TOKEN)
    configure(world, "kubernetes-ca", ("779", "FOREIGN"))
    own = (world.root / "state" / C / NODE_CONFIG).read_bytes()
    world.put(NODE_CONFIG, own + f"ClusterName: {D}\n".encode())
    return good


def backed_up(world: World) -> tuple[str, str]:
    """Return the id of a snapshot that is taken of what is there now, and what mends it."""
    report = run_to_end(BackUpState((C,)), world.session())
    assert isinstance(report.error, SnapshotNotTrustworthy)
    assert report.result is not None
    (row,) = report.result.rows
    return str(row["id"]), str(row["mend"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_change_and_preview_names_the_snapshot_with_the_right_keys(
    world: World, operation: Operation
) -> None:
    good = copied(world)
    bad, _ = backed_up(world)

    hint = str(world.refused(operation).hint)

    assert f"--snapshot={good} --class=identity --yes" in hint
    assert "do NOT restore" not in hint
    assert bad not in hint


def test_a_plan_says_the_same(world: World) -> None:
    good = copied(world)

    assert (
        f"--snapshot={good} --class=identity --yes"
        in preview_update(world.session(), UpdateCluster(C)).refused
    )


def test_that_snapshot_is_restored_and_then_the_cluster_goes_on(world: World) -> None:
    good = copied(world)

    world.run(RestoreState(Wish(C, good)))

    assert "check identity" in world.run(UpdateCluster(C))


def test_the_snapshot_that_is_taken_offers_no_word_that_the_secrets_are_meant(world: World) -> None:
    """With it nine tokens of the neighbour's were declared to be rotated ones."""
    good = copied(world)

    _, mend = backed_up(world)

    assert f"--snapshot={good} --yes" in mend
    assert "--rotated" not in mend


def test_other_secrets_alone_may_be_meant(world: World) -> None:
    world.put(CA_KEY, keyset(OWN))
    world.snapshot()
    world.put(SECRET, OTHER_TOKEN)

    assert "--rotated=admin" in backed_up(world)[1]
