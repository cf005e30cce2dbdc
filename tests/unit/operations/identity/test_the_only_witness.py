"""Which keys machines run with, their configuration may alone tell: no restore takes it away."""

from dataclasses import replace

import pytest

from kled.errors import NotApproved
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.records.open_restore import RECORD, OpenRestore
from kled.operations.recovery.restore_state import RestoreState, Wish
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA_KEY, GROUP, NODE_CONFIG, C, World, world
from tests.unit.operations.identity.test_keys_of_machines import (
    KEYSETS,
    NEXT,
    OWN,
    Cloud,
    configure,
    path,
    rotated_by_bare_kops,
)

__all__ = ["world"]

UPDATE = UpdateCluster(C)
LEFT = "igconfig/control-plane/control-plane-b/nodeupconfig.yaml"


def rotated(world: World, name: str = "kubernetes-ca") -> str:
    """Let a bare kops rotate the keyset; return the snapshot, which has the former keys."""
    configure(world, name, OWN)
    return rotated_by_bare_kops(world, name)


def configuration(world: World) -> bytes:
    return (world.root / "state" / C / NODE_CONFIG).read_bytes()


@pytest.mark.parametrize("name", KEYSETS)
@pytest.mark.parametrize("classes", [("derived",), ("derived", "intent")])
def test_where_the_keyset_is_lost_it_is_not_replaced(
    world: World, name: str, classes: tuple[str, ...]
) -> None:
    before = rotated(world, name)
    world.lose(path(name))
    told = configuration(world)

    with pytest.raises(NotApproved, match=f"witness of which keys .* others as {name}") as refused:
        world.run(RestoreState(Wish(C, before, classes=classes)))

    hint = str(refused.value.hint)
    assert f"kled kops update-cluster --name={C}" in hint
    assert f"--new-identity={C}" in hint
    assert ("--class=intent" in hint) == ("intent" in classes)
    assert configuration(world) == told
    assert f"do NOT restore {name} from snapshot {before}" in str(world.refused(UPDATE).hint)


def test_who_knows_better_replaces_it(world: World) -> None:
    before = rotated(world)
    world.lose(CA_KEY)

    replace(world, new_identity=C).run(RestoreState(Wish(C, before, classes=("derived",))))

    assert b"kubernetes-ca: '1'" in configuration(world)


@pytest.mark.parametrize("stored", [keyset(OWN), keyset(NEXT, OWN), b"kind: Keyset\n"])
def test_nor_is_it_whatever_keyset_is_stored(world: World, stored: bytes) -> None:
    """Put back by hand, still the right one, damaged: it may be lost next."""
    before = rotated(world)
    world.put(CA_KEY, stored)

    with pytest.raises(NotApproved, match="witness of which keys"):
        world.run(RestoreState(Wish(C, before, classes=("derived",))))


def test_a_whole_restore_does_not_replace_it_where_the_keyset_is_the_snapshots_already(
    world: World,
) -> None:
    before = rotated(world)
    world.put(CA_KEY, keyset(OWN))

    with pytest.raises(NotApproved, match="witness of which keys") as refused:
        world.run(RestoreState(Wish(C, before)))

    assert "--class=identity --class=intent --class=etcd-backup" in str(refused.value.hint)


def test_nor_is_it_by_a_configuration_that_names_no_keys(world: World) -> None:
    world.put(NODE_CONFIG, b"KubernetesVersion: 1.21.0\n")
    world.put(CA_KEY, keyset(OWN))
    before = world.snapshot()
    configure(world, "kubernetes-ca", NEXT)
    world.lose(CA_KEY)

    with pytest.raises(NotApproved, match="witness of which keys"):
        world.run(RestoreState(Wish(C, before, classes=("derived",))))


def test_nor_is_one_of_several_that_tells_it(world: World) -> None:
    """What is left of a group that went names the former key: the others alone tell the right."""
    before = rotated(world)
    world.lose(CA_KEY)
    world.put(LEFT, b"KeypairIDs: {kubernetes-ca: '1'}\n")

    with pytest.raises(NotApproved, match="witness of which keys"):
        world.run(RestoreState(Wish(C, before, classes=("derived",))))


def test_nor_is_it_deleted_where_the_keyset_is_lost(world: World) -> None:
    world.lose(NODE_CONFIG)
    world.put(CA_KEY, keyset(OWN))
    before = world.snapshot()
    configure(world, "kubernetes-ca", NEXT)
    world.lose(CA_KEY)
    wish = Wish(C, before, classes=("derived",), delete_extra=True)

    with pytest.raises(NotApproved, match="witness of which keys"):
        world.run(RestoreState(wish))

    assert configuration(world)
    world.put(CA_KEY, keyset(NEXT))  # a keyset tells it, too
    world.run(RestoreState(wish))


def test_what_is_left_of_a_group_that_went_is_deleted(world: World) -> None:
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    before = world.snapshot()
    world.put(LEFT, b"KeypairIDs: {kubernetes-ca: '1'}\n")
    world.lose(CA_KEY)

    world.run(RestoreState(Wish(C, before, delete_extra=True)))

    assert not (world.root / "state" / C / LEFT).exists()


def test_a_key_that_kops_made_anew_goes_with_its_configuration(world: World) -> None:
    """The second history of decision 47: keyset and configuration are of one time."""
    world.put(CA_KEY, keyset(OWN))
    configure(world, "kubernetes-ca", OWN)
    good = world.snapshot()
    world.kops = Cloud([GROUP])
    world.put(CA_KEY, keyset(NEXT))
    configure(world, "kubernetes-ca", NEXT)

    world.run(RestoreState(Wish(C, good)))

    assert keyset(OWN) == (world.root / "state" / C / CA_KEY).read_bytes()
    assert b"kubernetes-ca: '1'" in configuration(world)


def test_a_restore_of_both_that_was_killed_in_between_goes_on(world: World) -> None:
    configure(world, "kubernetes-ca", OWN)
    world.put(CA_KEY, keyset(OWN))
    good = world.snapshot()
    world.put(CA_KEY, keyset(NEXT))
    configure(world, "kubernetes-ca", NEXT)
    told = configuration(world)
    wish = Wish(C, good, classes=("identity", "derived"))
    world.run(RestoreState(wish))
    world.put(NODE_CONFIG, told)  # as it was after the first phase of writes
    begun = OpenRestore(C, good, None, by_latest=False, aside=(), classes=wish.classes)
    RECORD.write(world.session(), C, begun)

    world.run(RestoreState(wish))

    assert b"kubernetes-ca: '1'" in configuration(world)
    world.put(NODE_CONFIG, told)  # it has ended: the same command is a new restore
    with pytest.raises(NotApproved, match="witness of which keys"):
        world.run(RestoreState(wish))


@pytest.mark.parametrize("rolled", [True, False])
@pytest.mark.parametrize("classes", [("identity",), ("identity", "derived")])
def test_a_foreign_keyset_over_a_rotated_one_is_not_replaced_by_the_former(
    world: World, classes: tuple[str, ...], *, rolled: bool
) -> None:
    """Another member: what is stored is not what a kops made anew, for that it would name."""
    before = rotated(world)
    world.kops = Cloud([GROUP], control_plane=rolled, nodes=rolled)
    world.put(CA_KEY, keyset(("779", "FOREIGN")))

    with pytest.raises(NotApproved, match="another key as kubernetes-ca than"):
        world.run(RestoreState(Wish(C, before, classes=classes)))
    assert f"do NOT restore kubernetes-ca from snapshot {before}" in str(world.refused(UPDATE).hint)
