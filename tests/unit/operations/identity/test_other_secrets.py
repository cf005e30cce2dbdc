"""Secrets with a neighbour's values stop every change; who rotated them on purpose says so. K4."""

from pathlib import Path

import pytest

from kled.errors import InvalidInput, SettingsError, SnapshotNotTrustworthy
from kled.models.credential import Secret
from kled.models.rolling import Roll
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.credentials.secrets import NOT_KEPT, CreateSecret
from kled.operations.identity.begun_anew import ANEW
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.verify import VerifySnapshots
from kled.operations.step import Operation
from kled.snapshot.choosing import choose
from tests.unit.operations.identity.test_identity import C, Kops, World, world
from tests.unit.snapshot.fleets import API, name

__all__ = ["world"]

ADMIN = "secrets/admin"
NEIGHBOURS = b'{"Data":"bmVpZ2hib3Vy"}'
OPERATIONS = (UpdateCluster(C), ReconcileCluster(C), RollCluster(C, Roll()))
MEANT = f"kled snapshot create --name={C} --rotated=admin"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nothing_goes_on_with_a_neighbours_token(world: World, operation: Operation) -> None:
    good = world.snapshot()
    world.put(ADMIN, NEIGHBOURS)

    error = world.refused(operation)

    assert f"the values that are stored as secrets admin: snapshot {good} has" in error.message
    assert f"--snapshot={good} --class=identity --yes" in str(error.hint)
    assert f"where they were changed on purpose: {MEANT}" in str(error.hint)
    assert "stored as secrets admin" in preview_update(world.session(), UpdateCluster(C)).refused


def test_a_run_over_it_names_both_ways_on(world: World) -> None:
    good = world.snapshot()
    world.put(ADMIN, NEIGHBOURS)

    with pytest.raises(SnapshotNotTrustworthy) as caught:
        world.run(BackUpState())

    assert f"--snapshot={good} --yes" in str(caught.value.hint)
    assert MEANT in str(caught.value.hint)


def test_whoever_says_that_it_was_rotated_goes_on(world: World) -> None:
    world.snapshot()
    world.put(ADMIN, NEIGHBOURS)
    world.snapshot()

    world.run(BackUpState((C,), rotated=("admin",)))

    world.guarded = True
    words = world.run(UpdateCluster(C))
    assert words["check identity"] == "no keyset is missing"
    assert "nothing is new since" in words["take a snapshot"]


@pytest.mark.parametrize(("clusters", "secret"), [((C,), "nope"), (None, "admin")])
def test_only_a_secret_of_one_cluster_can_be_meant(
    world: World, clusters: tuple[str, ...] | None, secret: str
) -> None:
    world.snapshot()

    with pytest.raises(InvalidInput, match="--rotated"):
        world.run(BackUpState(clusters, rotated=(secret,)))


def test_a_cluster_that_begins_anew_with_other_tokens_keeps_its_snapshots(world: World) -> None:
    """Its keysets are the same: nothing is past, and the new values are those that count."""
    good = world.snapshot()
    world.guarded = True
    world.put(ADMIN, NEIGHBOURS)
    world.new_identity = C

    words = world.run(UpdateCluster(C))

    assert words[ANEW].endswith("its snapshots go on; other values from now on: admin")
    assert "CANNOT BE TRUSTED" not in words["take the first snapshot"]
    latest = choose(world.session().snapshot_store, C, "latest").id
    assert latest in words["take the first snapshot"]
    assert latest > good
    world.new_identity = None
    assert world.run(UpdateCluster(C))["check identity"] == "no keyset is missing"


class Storing(Kops):
    """A kops that stores a secret as it is told to."""

    root: Path

    def credentials_create_secret(self, _name: str, kind: str, file: Path, *, force: bool) -> None:
        assert force or kind == "ciliumpassword"
        (self.root / "state" / C / "secrets" / kind).write_bytes(file.read_bytes())

    def credentials_list_secrets(self, _name: str) -> tuple[Secret, ...]:
        there = sorted((self.root / "state" / C / "secrets").iterdir())
        return tuple(Secret(one.name) for one in there)


@pytest.fixture
def living_by_it(world: World) -> World:
    """A cluster whose Secrets in etcd are encrypted."""
    spec = "spec: {encryptionConfig: true, kubernetesVersion: 1.35.5}"
    world.put("config", f"{API}kind: Cluster\nmetadata: {{name: {name(1)}}}\n{spec}\n".encode())
    world.put("secrets/encryptionconfig", b'{"Data":"b3du"}')
    kops = Storing([])
    kops.root = world.root
    world.kops = kops
    return world


def store(world: World) -> dict[str, str]:
    file = world.root / "new"
    file.write_bytes(NEIGHBOURS)
    return world.run(CreateSecret(C, "encryptionconfig", file, force=True))


def test_what_kled_itself_rotates_is_meant(living_by_it: World) -> None:
    living_by_it.snapshot()
    living_by_it.guarded = True

    words = store(living_by_it)

    assert "CANNOT BE TRUSTED" not in words["keep the new value"]
    assert living_by_it.run(UpdateCluster(C))["check identity"] == "no keyset is missing"


def test_a_secret_that_is_new_is_kept_at_once(living_by_it: World) -> None:
    """Look 3, F6: a check of snapshots beside it would find what no snapshot has."""
    living_by_it.snapshot()
    living_by_it.guarded = True
    file = living_by_it.root / "new"
    file.write_bytes(NEIGHBOURS)

    living_by_it.run(CreateSecret(C, "ciliumpassword", file))

    living_by_it.run(VerifySnapshots(1, of=C))


def test_without_a_snapshot_that_is_said(living_by_it: World) -> None:
    assert store(living_by_it)["keep the new value"] == NOT_KEPT


@pytest.mark.parametrize("guarded", [True, False])
def test_an_empty_file_takes_no_ones_place(living_by_it: World, *, guarded: bool) -> None:
    """It went over the key of etcd's Secrets, exit 0."""
    living_by_it.snapshot()
    living_by_it.guarded = guarded
    file = living_by_it.root / "new"
    file.write_bytes(b"")

    with pytest.raises(SettingsError, match="is empty"):
        living_by_it.run(CreateSecret(C, "encryptionconfig", file, force=True))

    stored = living_by_it.root / "state" / C / "secrets" / "encryptionconfig"
    assert stored.read_bytes() == b'{"Data":"b3du"}'


def test_what_is_stored_as_damage_is_no_success(living_by_it: World) -> None:
    """Another member: what a snapshot right after it calls damaged ended with 0, too."""
    living_by_it.snapshot()
    living_by_it.guarded = True
    file = living_by_it.root / "new"
    file.write_bytes(b'{"Data":""}')

    with pytest.raises(SnapshotNotTrustworthy, match="secrets/encryptionconfig") as told:
        living_by_it.run(CreateSecret(C, "encryptionconfig", file, force=True))

    assert "kled kops create-secret encryptionconfig --name=" in str(told.value.hint)
