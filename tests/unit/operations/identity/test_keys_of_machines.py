"""What machines are configured with tells the right key, where snapshots are older (look 2, 3).

A kops that made a key anew by mistake writes the same configuration as one that rotated it: only
machines that are up to date with it tell both apart.
"""

from dataclasses import dataclass, replace

import pytest

from kled.errors import IdentityAtRisk, NotApproved
from kled.models.rolling import Roll, RollingPlan, RollingRow
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.recovery.restore_state import RestoreState, Wish
from tests import key_pairs
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import (
    CA_KEY,
    GROUP,
    NODE_CONFIG,
    C,
    Kops,
    World,
    world,
)
from tests.unit.snapshot import fleets

__all__ = ["world"]

OWN, NEXT = ("1", "OWN"), ("772", "NEXT")
UPDATE = UpdateCluster(C)
KEYSETS = ("kubernetes-ca", "service-account", "etcd-clients-ca")


@dataclass
class Cloud(Kops):
    """Says how many machines are up to date with what is configured: of the control plane, all."""

    control_plane: bool = False
    nodes: bool = False

    def cluster_preview_rolling_update(self, name: str, _roll: Roll) -> RollingPlan:
        groups = {"control-plane-a": self.control_plane, "nodes": self.nodes}
        return RollingPlan(name, tuple(_row(group, there) for group, there in groups.items()))


def _row(group: str, ready: bool) -> RollingRow:
    status = "Ready" if ready else "NeedsUpdate"
    return RollingRow(group, status, int(not ready), int(ready), 1, 1, 1)


def path(name: str) -> str:
    return f"pki/private/{name}/keyset.yaml"


def configure(world: World, name: str, pair: tuple[str, str]) -> None:
    """Write what an update writes after a rotation: the new key alone, by id and certificate."""
    lines = key_pairs.pair(pair[1]).certificate.decode().strip().replace("\n", "\n    ")
    ids = "".join(
        f"  {one}: '{pair[0] if one == name else 1}'\n" for one in ("kubernetes-ca", *KEYSETS[1:])
    )
    world.put(NODE_CONFIG, f"KeypairIDs:\n{ids}CAs:\n  {name}: |\n    {lines}\n".encode())


def rotated_by_bare_kops(world: World, name: str) -> str:
    """Let a kops rotate the keyset, and machines run with it; no snapshot has seen it."""
    world.put(path(name), keyset(OWN))
    before = world.snapshot()
    world.kops = Cloud([GROUP], control_plane=True, nodes=True)
    world.put(path(name), keyset(NEXT, OWN))
    configure(world, name, NEXT)
    return before


@pytest.mark.parametrize("name", KEYSETS)
def test_a_snapshot_from_before_a_rotation_is_not_the_one_to_restore(
    world: World, name: str
) -> None:
    before = rotated_by_bare_kops(world, name)
    world.lose(path(name))

    hint = str(world.refused(UPDATE).hint)

    assert f"do NOT restore {name} from snapshot {before}" in hint
    assert "copy the right one from a control plane's machine" in hint
    assert "kled snapshot restore" not in hint


@pytest.mark.parametrize("name", KEYSETS)
def test_nor_is_it_restored(world: World, name: str) -> None:
    before = rotated_by_bare_kops(world, name)
    world.lose(path(name))
    restore = RestoreState(Wish(C, before, classes=("identity",)))

    with pytest.raises(NotApproved, match=f"another key as {name} than") as refused:
        world.run(restore)

    assert f"--class=identity --new-identity={C}" in str(refused.value.hint)
    assert not (world.root / "state" / C / path(name)).exists()
    replace(world, new_identity=C).run(restore)  # who looked at a machine knows better
    assert "its machines run with others" in world.refused(UPDATE).message


def test_a_damaged_keyset_does_not_come_back_from_there_either(world: World) -> None:
    """Another member: it is there, and cannot be read."""
    before = rotated_by_bare_kops(world, "kubernetes-ca")
    world.put(CA_KEY, b"kind: Keyset\n")

    assert f"do NOT restore kubernetes-ca from snapshot {before}" in str(world.refused(UPDATE).hint)
    with pytest.raises(NotApproved, match="another key as kubernetes-ca"):
        world.run(RestoreState(Wish(C, before, classes=("identity",))))


def test_the_key_before_the_rotation_that_somebody_put_back_stops_a_change(world: World) -> None:
    before = rotated_by_bare_kops(world, "kubernetes-ca")
    world.put(CA_KEY, keyset(OWN))

    error = world.refused(UPDATE)

    assert "its machines run with others than kubernetes-ca" in error.message
    assert f"do NOT restore kubernetes-ca from snapshot {before}" in str(error.hint)


def test_before_any_machine_has_the_new_key_it_is_taken(world: World) -> None:
    """A kops made it by mistake, and nothing was rolled: to put the old one back is the cure."""
    rotated_by_bare_kops(world, "kubernetes-ca")
    world.kops = Cloud([GROUP])
    world.put(CA_KEY, keyset(OWN))

    assert world.run(UPDATE)["check identity"] == "no keyset is missing"


def test_a_key_that_kops_made_anew_is_replaced_by_the_snapshots(world: World) -> None:
    world.put(CA_KEY, keyset(OWN))
    good = world.snapshot()
    world.kops = Cloud([GROUP])
    world.put(CA_KEY, keyset(NEXT))
    configure(world, "kubernetes-ca", NEXT)

    assert f"--snapshot={good} --class=identity --yes" in str(world.refused(UPDATE).hint)
    world.run(RestoreState(Wish(C, good, classes=("identity",))))
    assert world.run(UPDATE)["check identity"] == "no keyset is missing"


def test_a_key_that_was_copied_from_a_machine_stays(world: World) -> None:
    """`kops create keypair --cert --key` stores it under an id of its own."""
    before = rotated_by_bare_kops(world, "kubernetes-ca")
    world.put(CA_KEY, keyset(("900", NEXT[1])))

    error = world.refused(UPDATE)

    assert f"snapshot {before} has others" in error.message
    assert f"do NOT restore kubernetes-ca from snapshot {before}" in str(error.hint)
    assert f"kled kops update-cluster --name={C} --yes --new-identity={C}" in str(error.hint)
    with pytest.raises(NotApproved, match="another key as kubernetes-ca"):
        world.run(RestoreState(Wish(C, before, classes=("identity",))))
    assert isinstance(error, IdentityAtRisk)
    replace(world, new_identity=C).run(UPDATE)


def test_a_snapshot_that_has_the_key_is_named(world: World) -> None:
    rotated_by_bare_kops(world, "kubernetes-ca")
    right = world.snapshot()
    world.lose(CA_KEY)

    assert f"--snapshot={right} --class=identity --yes" in str(world.refused(UPDATE).hint)
    world.run(RestoreState(Wish(C, right, classes=("identity",))))
    assert world.run(UPDATE)["check identity"] == "no keyset is missing"


# Item 11 of that look: what machines are configured with goes back with the class `derived`.


def rotated_by_kled(world: World) -> str:
    """Return a snapshot from before a rotation that others have seen."""
    configure(world, "kubernetes-ca", OWN)
    before = rotated_by_bare_kops_of(world)
    world.snapshot()
    return before


def rotated_by_bare_kops_of(world: World) -> str:
    world.put(CA_KEY, keyset(OWN))
    before = world.snapshot()
    distrusted = keyset(NEXT, OWN).replace(
        b'- id: "1"', b'- distrustTimestamp: "2026-02-01T00:00:00Z"\n    id: "1"'
    )
    world.put(CA_KEY, distrusted)
    configure(world, "kubernetes-ca", NEXT)
    return before


def test_the_refusal_of_a_snapshot_from_before_a_rotation_offers_no_configuration(
    world: World,
) -> None:
    before = rotated_by_kled(world)

    with pytest.raises(NotApproved, match="before a rotation of keys") as refused:
        world.run(RestoreState(Wish(C, before)))

    assert "--class=intent --class=etcd-backup" in str(refused.value.hint)
    assert "--class=derived" not in str(refused.value.hint)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("where", ["control-plane/control-plane-a", "node/nodes"])
def test_a_configuration_that_names_a_distrusted_key_is_not_restored(
    world: World, where: str, *, seen: bool
) -> None:
    key = f"igconfig/{where}/nodeupconfig.yaml"
    world.put("instancegroup/nodes", fleets.group("role: Node, maxSize: 1"))
    world.put(key, b"KeypairIDs: {kubernetes-ca: '1'}\n")
    before = rotated_by_kled(world) if seen else rotated_by_bare_kops_of(world)
    world.put(key, b"KeypairIDs: {kubernetes-ca: '772'}\n")

    with pytest.raises(NotApproved, match="configures machines with keys from before") as refused:
        world.run(RestoreState(Wish(C, before, classes=("derived", "intent"))))

    assert "the rest: kled snapshot restore" in str(refused.value.hint)
    assert (world.root / "state" / C / key).read_bytes().endswith(b"'772'}\n")
    replace(world, new_identity=C).run(RestoreState(Wish(C, before, classes=("derived",))))


def test_a_configuration_of_the_stored_keys_is_restored(world: World) -> None:
    rotated_by_kled(world)
    right = world.snapshot()
    world.put(NODE_CONFIG, b"damage")

    world.run(RestoreState(Wish(C, right, classes=("derived",))))

    assert b"'772'" in (world.root / "state" / C / NODE_CONFIG).read_bytes()
