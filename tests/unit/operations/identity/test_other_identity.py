"""Keysets of the right name with the keys of another identity stop every change. Fault 1."""

import pytest

from kled.models.rolling import Roll
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.identity.begun_anew import ANEW
from kled.operations.preview.preview_roll import PlanRoll
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.step import Operation
from kled.snapshot.choosing import choose
from tests import key_pairs
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA_KEY, NODE_CONFIG, C, World, world

__all__ = ["world"]

OWN = ("1", "OWN")
NEXT = ("772", "NEXT")
FOREIGN = keyset(("779", "FOREIGN"))
OPERATIONS = (
    UpdateCluster(C),
    ReconcileCluster(C),
    UpgradeCluster(C),
    RotateKeypairs(C, "create"),
    RollCluster(C, Roll()),
    PlanRoll(C, Roll()),
)


@pytest.fixture
def own(world: World) -> World:
    world.put(CA_KEY, keyset(OWN))
    return world


def remake(world: World) -> None:
    """Do what a bare `kops update cluster --yes` does after the authority was lost."""
    world.put(CA_KEY, FOREIGN)
    world.put(NODE_CONFIG, b"KeypairIDs: {kubernetes-ca: '779', service-account: '1'}\n")
    world.kops.changes = []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nothing_goes_on_where_only_a_snapshot_knows_the_lost_authority(
    own: World, operation: Operation
) -> None:
    """Another member: a rotation made one, and a roll hinted at the update that does."""
    good = own.snapshot()
    own.lose(CA_KEY)
    own.lose(NODE_CONFIG)

    error = own.refused(operation)

    assert f"kubernetes-ca, which kops would replace: snapshot {good} has it" in error.message
    assert f"--snapshot={good} --class=identity --yes" in str(error.hint)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nothing_goes_on_after_a_bare_kops_made_another_authority(
    own: World, operation: Operation
) -> None:
    good = own.snapshot()
    remake(own)

    error = own.refused(operation)

    assert f"stored as kubernetes-ca: snapshot {good} has others" in error.message
    assert f"--snapshot={good} --class=identity --yes" in str(error.hint)
    assert f"--new-identity={C}" in str(error.hint)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nothing_goes_on_with_the_authority_of_another_cluster(
    own: World, operation: Operation
) -> None:
    """No snapshot is needed to see it: the machines' configuration names the right key."""
    own.put(CA_KEY, FOREIGN)

    error = own.refused(operation)

    assert "its machines run with others than kubernetes-ca" in error.message
    assert "no snapshot is known to have them" in str(error.hint)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nothing_goes_on_with_a_foreign_authority_that_keeps_the_id(
    own: World, operation: Operation
) -> None:
    """K4: "no keyset is missing" was said of it, and it was applied."""
    good = own.snapshot()
    own.put(CA_KEY, keyset((OWN[0], "FOREIGN")))
    bad = own.snapshot()

    error = own.refused(operation)

    assert f"stored as kubernetes-ca: snapshot {good} has others" in error.message
    assert f"--snapshot={good} --class=identity --yes" in str(error.hint)
    assert bad not in str(error.hint)


def test_the_machines_certificate_tells_a_foreign_authority_that_keeps_the_id(own: World) -> None:
    """Without any snapshot."""
    lines = key_pairs.pair(OWN[1]).certificate.decode().replace("\n", "\n    ")
    own.put(
        NODE_CONFIG,
        f"KeypairIDs: {{kubernetes-ca: '1'}}\nCAs:\n  kubernetes-ca: |\n    {lines}\n".encode(),
    )
    assert own.run(UpdateCluster(C))["check identity"] == "no keyset is missing"
    own.put(CA_KEY, keyset((OWN[0], "FOREIGN")))
    own.kops.changed.clear()

    error = own.refused(UpdateCluster(C))

    assert "its machines run with others than kubernetes-ca" in error.message


def test_a_preview_is_refused_where_nothing_is_left_to_change(own: World) -> None:
    """Else it would recommend the roll that makes the loss final."""
    own.snapshot()
    remake(own)

    plan = preview_update(own.session(), UpdateCluster(C))

    assert plan.is_empty
    assert "stored as kubernetes-ca" in plan.refused


def test_a_snapshot_that_holds_the_wrong_key_is_not_the_one_to_restore(own: World) -> None:
    good = own.snapshot()
    remake(own)
    bad = own.snapshot()

    hint = str(own.refused(UpdateCluster(C)).hint)

    assert good in hint
    assert bad not in hint


def test_a_rotation_goes_on(own: World) -> None:
    own.snapshot()
    own.put(CA_KEY, keyset(OWN, NEXT))
    own.run(UpdateCluster(C))
    own.snapshot()
    own.put(NODE_CONFIG, b"KeypairIDs: {kubernetes-ca: '772'}\n")
    own.put(CA_KEY, keyset(NEXT))

    assert own.run(UpdateCluster(C))["check identity"] == "no keyset is missing"


def test_the_right_keys_that_were_put_back_are_taken(own: World) -> None:
    """Though the machines' configuration still names the wrong ones: an update mends that."""
    own.snapshot()
    remake(own)
    own.put(CA_KEY, keyset(OWN))

    assert own.run(UpdateCluster(C))["check identity"] == "no keyset is missing"


def test_a_snapshot_store_that_cannot_be_read_hides_no_foreign_key(own: World) -> None:
    own.put(CA_KEY, FOREIGN)
    own.env["KLED_SNAPSHOT_STORE"] = (own.root / "nowhere").as_uri()

    own.refused(RollCluster(C, Roll()))


def test_what_cannot_be_read_is_not_called_foreign(own: World) -> None:
    own.put(CA_KEY, FOREIGN)
    own.put(NODE_CONFIG, b"KeypairIDs: {")

    assert own.run(UpdateCluster(C))["check identity"] == "no keyset is missing"


def test_a_cluster_that_begins_anew_goes_on_with_a_snapshot_that_can_be_trusted(
    own: World,
) -> None:
    own.snapshot()
    own.guarded = True
    remake(own)
    own.new_identity = C

    words = own.run(UpdateCluster(C))

    assert words["check identity"] == "NEW IDENTITY, as asked for: kubernetes-ca with other keys"
    assert "those of a past cluster" in words[ANEW]
    own.new_identity = None
    assert own.run(UpdateCluster(C))["check identity"] == "no keyset is missing"
    latest = choose(own.session().snapshot_store, C, "latest").id
    assert latest in words["take the first snapshot"]
    assert "CANNOT BE TRUSTED" not in words["take the first snapshot"]


def test_whoever_names_a_new_identity_in_vain_keeps_the_snapshots(own: World) -> None:
    good = own.snapshot()
    own.guarded = True
    own.new_identity = C

    words = own.run(UpdateCluster(C))

    assert words[ANEW] == "its keys are those that it had: its snapshots go on"
    assert choose(own.session().snapshot_store, C, "latest").id == good
