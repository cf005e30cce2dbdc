"""Keys that an operation made or changed are in a snapshot when it ends."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kled.models.credential import Keypair
from kled.models.definition import Definition
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.guards.before_change import NEW_KEYS, NO_NEW_KEYS
from kled.operations.step import Operation
from kled.snapshot.trust.judging import judge_all, read_listing
from tests.key_pairs import keyset
from tests.unit.operations.identity.test_identity import CA, CA_KEY, GROUP, NEW, C, Kops, World
from tests.unit.snapshot import fleets

OF_APPLYING = ("pki/private/", "secrets/", "igconfig/", "cluster-completed.spec", "kops-version")


@dataclass
class Making(Kops):
    """A kops that makes what its plan says; a rotation adds a key."""

    put: Callable[[str, bytes], None] = lambda _key, _body: None
    makes: dict[str, bytes] = field(default_factory=dict)
    """What its next call stores."""

    def credentials_list_keypairs(self, _name: str) -> Any:
        return (Keypair("kubernetes-ca", "1", True, "CN=x", "", "", has_private_key=True),)

    def cluster_update(self, name: str) -> None:
        super().cluster_update(name)
        self._make()

    def cluster_reconcile(self, name: str) -> None:
        super().cluster_reconcile(name)
        self._make()

    def credentials_create_keypair(self, _name: str, _keyset: str) -> None:
        self._make()

    def _make(self) -> None:
        for key, body in self.makes.items():
            self.put(key, body)

    def definition_find(self, name: str) -> Definition | None:
        return Definition({"metadata": {"name": name}, "spec": {}}, ())


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A cluster that was defined, and never applied."""
    for store in ("state", "snapshots"):
        (tmp_path / store).mkdir()
    kops = Making([CA])
    world = World(tmp_path, kops, guarded=True)
    world.env["KLED_SNAPSHOT_STORE"] = (tmp_path / "snapshots").as_uri()
    kops.put = world.put
    kops.makes = {
        key: body for key, body in fleets.objects(1).items() if key.startswith(OF_APPLYING)
    }
    for key, body in fleets.objects(1).items():
        if key not in kops.makes and not key.startswith("backups/"):
            world.put(key, body)
    return world


def newest(world: World) -> set[str]:
    """Return the objects of the newest snapshot, which can be trusted."""
    snapshots = world.session().snapshot_store
    found = judge_all(snapshots, read_listing(snapshots, C))[-1]
    assert found.trust.trusted
    assert found.manifest is not None
    return {one.key for one in found.manifest.objects}


@pytest.mark.parametrize("operation", [UpdateCluster(C), ReconcileCluster(C)])
def test_the_keys_of_a_first_update_are_in_a_snapshot(world: World, operation: Operation) -> None:
    """`create-cluster` without `--yes` stored it, and `update-cluster --yes` made the keys."""
    words = world.run(operation)

    assert "(level 1)" in words[NEW_KEYS]
    assert CA_KEY in newest(world)


@pytest.fixture
def kops(world: World) -> Making:
    """Of a cluster that was applied."""
    world.run(UpdateCluster(C))
    assert isinstance(world.kops, Making)
    return world.kops


@pytest.mark.parametrize("operation", [UpdateCluster(C), ReconcileCluster(C)])
def test_an_update_that_makes_no_keys_takes_no_snapshot_more(
    world: World, kops: Making, operation: Operation
) -> None:
    kops.changes, kops.makes = [GROUP], {"addons/more": b"x"}

    assert world.run(operation)[NEW_KEYS] == NO_NEW_KEYS


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("pki/private/etcd-clients-ca-cilium/keyset.yaml", keyset(("5", "CILIUM"))),
        ("secrets/ciliumpassword", b'{"Data":"bmV3ZXI="}\n'),
    ],
)
def test_keys_of_a_feature_that_was_switched_on_later_are_kept(
    world: World, kops: Making, key: str, body: bytes
) -> None:
    kops.changes, kops.makes = [NEW], {key: body}

    words = world.run(UpdateCluster(C))

    assert "(level 1)" in words[NEW_KEYS]
    assert key in newest(world)


def test_a_rotation_is_in_a_snapshot_when_its_phase_ends(world: World, kops: Making) -> None:
    """Each phase was snapshotted before it, so that none had the last one."""
    kops.makes = {CA_KEY: keyset(("1", "kubernetes-ca"), ("772", "NEXT"))}

    words = world.run(RotateKeypairs(C, "create"))

    assert words[NEW_KEYS].startswith("snapshot ")


def test_without_snapshots_none_is_taken_of_new_keys(world: World) -> None:
    assert NEW_KEYS not in replace(world, guarded=False).run(UpdateCluster(C))
