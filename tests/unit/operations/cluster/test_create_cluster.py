"""What creating a cluster leaves, takes back, and will not touch."""

import shutil
from pathlib import Path

import pytest

from kled.errors import (
    ClusterDiffers,
    ClusterExists,
    DefinitionRejected,
    EpochMismatch,
    NotApproved,
    Throttled,
)
from kled.models.plan import Change
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster, StoreCluster
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.plan_deletion import plan_deletion
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.neighbours import require_own
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.guards.taken_snapshot import take_snapshot
from kled.operations.instance_group.create_delete import CreateInstanceGroup
from kled.operations.runner import run
from kled.operations.snapshots.back_up import back_up
from kled.operations.step import Operation
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from tests.unit.operations.births import CA_KEY, SPEC, C, Desk, Kops, definition
from tests.unit.snapshot import fleets

OTHER = ClusterSpec(name=C, zones=("us-east-1b",))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def way_back(desk: Desk, spec: ClusterSpec = SPEC) -> str:
    rows = run(StoreCluster(spec), desk.session()).rows
    return next(row.way_back for row in rows if row.step == "store definition")


def test_what_this_run_stored_is_unregistered_again(desk: Desk) -> None:
    assert way_back(desk) == f"kled kops delete-cluster --name={C} --unregister"


def test_a_cluster_that_was_there_before_has_no_way_back_that_unregisters_it(desk: Desk) -> None:
    desk.kops.definition.store(definition())

    assert way_back(desk) == ""


def test_nor_has_one_that_an_earlier_run_had_stored_half(desk: Desk) -> None:
    desk.kops.definition.store(definition())
    next((desk.root / "state" / C / "instancegroup").iterdir()).unlink()

    assert way_back(desk) == ""
    assert desk.called == ["replace"]


def test_a_living_cluster_with_other_options_is_refused_with_no_way_back(desk: Desk) -> None:
    desk.kops.definition.store(definition(OTHER))
    desk.put({CA_KEY: b"a key"})

    with pytest.raises(ClusterDiffers) as caught:
        desk.run(StoreCluster(SPEC))

    assert "nothing was changed" in desk.told(caught.value)
    assert "taken back" not in desk.told(caught.value)
    assert "unregister" not in desk.told(caught.value)


def test_a_second_attempt_knows_that_the_first_one_stored_it(desk: Desk) -> None:
    desk.fails.append(Throttled("slow down"))

    assert "--unregister" in way_back(desk)
    assert desk.called == ["create"]


def test_what_kops_refused_is_gone_again_and_has_no_way_back(desk: Desk) -> None:
    desk.fails.append(DefinitionRejected("no such image"))

    with pytest.raises(DefinitionRejected) as caught:
        desk.run(StoreCluster(SPEC))

    assert desk.called == ["create", "unregister"]
    assert "taken back" not in desk.told(caught.value)


def test_what_somebody_else_stored_at_the_same_moment_is_not_unregistered(
    desk: Desk,
) -> None:
    class Raced(Kops):
        def definition_create(self, spec: ClusterSpec) -> None:
            self.definition_store(definition(OTHER))
            super().definition_create(spec)

    raced = Raced(desk.kops.state_store, called=desk.called)

    with pytest.raises(ClusterExists) as caught:
        run(StoreCluster(SPEC), desk.session(raced))

    assert desk.called == []
    assert raced.definition.find(C) == definition(OTHER)
    assert "taken back" not in desk.told(caught.value)


# What lives is not made anew. The keysets and the machines are those of zone us-east-1a.

MACHINES = [
    Change("delete", "iam-role", f"masters.{C}"),
    Change("delete", "load-balancer", "api-c"),
    Change("delete", "autoscaling-group", f"control-plane-us-east-1a.masters.{C}"),
]
ETCD = Path(__file__).parents[3] / "captures" / "etcd" / "etcd-3.6.gz"
ANEW = Overrides(new_identity=C)
BOTH = [StoreCluster(SPEC), StoreCluster(OTHER), CreateCluster(OTHER, Path("nowhere"))]


def applied(desk: Desk) -> None:
    """Make it a cluster that lives, as an update leaves it."""
    objects = fleets.objects(1, backup=lambda _: ETCD.read_bytes())
    del objects["instancegroup/nodes"]
    desk.put(objects)
    desk.kops.definition.store(definition())
    desk.cloud[:] = MACHINES


def snapshot(desk: Desk) -> str:
    desk.snapshots = True
    result = take_snapshot(desk.session(), C)
    assert result is not None
    return str(result.snapshot)


def lose(desk: Desk) -> None:
    shutil.rmtree(desk.root / "state")
    (desk.root / "state").mkdir()


def refused(desk: Desk, operation: Operation) -> str:
    with pytest.raises((NotApproved, EpochMismatch)) as caught:
        desk.run(operation)
    assert caught.value.exit_code == 6
    assert desk.called == []
    return desk.told(caught.value)


@pytest.mark.parametrize("operation", BOTH, ids=["same zone", "other zone", "applied at once"])
def test_what_the_cloud_has_is_not_made_anew_in_any_zone(desk: Desk, operation: Operation) -> None:
    applied(desk)
    lose(desk)

    told = refused(desk, operation)

    assert desk.keys() == set()
    assert f"the cloud has autoscaling-group control-plane-us-east-1a.masters.{C}, iam-role" in told
    assert f"--new-identity={C}" in told
    assert "nothing was changed" in told


@pytest.mark.parametrize("one", MACHINES, ids=lambda one: one.kind)
def test_anything_of_it_in_the_cloud_is_enough(desk: Desk, one: Change) -> None:
    desk.cloud[:] = [one]

    assert one.name in refused(desk, StoreCluster(SPEC))


def test_what_another_cluster_has_and_kops_finds_by_a_part_of_its_name_is_not_its_own(
    desk: Desk,
) -> None:
    desk.cloud[:] = [Change("delete", "sqs", "c-example-com-au-nth")]

    assert desk.run(StoreCluster(SPEC))["store definition"] == "stored"


def test_a_create_that_was_killed_is_completed(desk: Desk) -> None:
    """Its own definition is stored, and part of the cloud is made."""
    desk.kops.definition.store(definition())
    desk.cloud[:] = MACHINES

    assert desk.run(StoreCluster(SPEC))["store definition"] == "already stored; attached"


def test_who_means_it_begins_anew_over_what_the_cloud_has(desk: Desk) -> None:
    desk.cloud[:] = MACHINES
    desk.overrides = ANEW

    assert desk.run(StoreCluster(OTHER))["check that it is new"].startswith("NEW IDENTITY")


@pytest.mark.parametrize("overrides", [NOTHING, Overrides(no_snapshot=True)])
@pytest.mark.parametrize("operation", BOTH, ids=["same zone", "other zone", "applied at once"])
def test_on_an_emptied_store_its_snapshot_is_named_before_anything_is_stored(
    desk: Desk, operation: Operation, overrides: Overrides
) -> None:
    """The snapshot was made by itself, so that no epoch tells anything."""
    applied(desk)
    kept = snapshot(desk)
    lose(desk)
    desk.cloud.clear()
    desk.overrides = overrides

    told = refused(desk, operation)

    assert f"kled snapshot restore --name={C} --snapshot={kept} --yes" in told
    assert "--class" not in told
    assert desk.keys() == set()


@pytest.mark.parametrize("operation", BOTH, ids=["same zone", "other zone", "applied at once"])
def test_an_unregistered_cluster_is_put_back_and_not_made_anew(
    desk: Desk, operation: Operation
) -> None:
    applied(desk)
    desk.snapshots = True

    rows = desk.run(DeleteCluster(C, unregister=True))

    assert rows["end epoch"] == "it lives on, and its snapshots count: epoch 1 stays"
    desk.called.clear()
    told = refused(desk, operation)
    assert "was unregistered, and its machines run on" in told
    assert f"kled snapshot restore --name={C} --snapshot=" in told
    assert "no snapshot is known" not in told
    desk.store = "new"
    assert "lives in" in refused(desk, operation)


def test_a_definition_that_was_never_applied_may_be_made_anew_anywhere_when_it_is_unregistered(
    desk: Desk,
) -> None:
    desk.snapshots = True
    desk.run(StoreCluster(SPEC))

    assert desk.run(DeleteCluster(C, unregister=True))["end epoch"].endswith("made again anywhere")

    desk.store = "new"
    assert desk.run(StoreCluster(OTHER))["store definition"] == "stored"


def test_an_unregistered_cluster_that_was_put_back_is_registered_again(desk: Desk) -> None:
    applied(desk)
    desk.snapshots = True
    desk.run(DeleteCluster(C, unregister=True))
    assert epoch.read(desk.session().snapshot_store, C).unregistered  # type: ignore[union-attr]
    applied(desk)

    desk.run(StoreCluster(SPEC))

    assert not epoch.read(desk.session().snapshot_store, C).unregistered  # type: ignore[union-attr]


def test_a_run_over_all_says_that_it_was_unregistered_and_is_no_failure(desk: Desk) -> None:
    applied(desk)
    desk.snapshots = True
    desk.run(DeleteCluster(C, unregister=True))
    done = back_up(desk.session().stores, None, progress=Quiet())

    assert any("kled unregistered it; to have it back: kled snap" in one for one in done.warnings)
    assert done.findings == ()


def test_without_a_snapshot_no_restore_is_named(desk: Desk) -> None:
    applied(desk)

    told = desk.run(DeleteCluster(C, unregister=True))

    assert "nothing here brings its keys back" in told["unregister cluster"]
    assert not any("restore" in words for words in told.values())


# A twin: a definition of the same name in another state store, which was never applied.


def twin(desk: Desk) -> None:
    """The living one is in `state`, and nothing but a snapshot knows it."""
    applied(desk)
    snapshot(desk)
    desk.store = "new"
    desk.kops.definition.store(definition(OTHER))


@pytest.mark.parametrize(
    "operation",
    [
        DeleteCluster(C),
        StoreCluster(OTHER),
        CreateCluster(OTHER, Path("nowhere")),
        UpdateCluster(C),
        ReconcileCluster(C),
        CreateInstanceGroup(C, "more", ("us-east-1a",)),
    ],
    ids=lambda one: one.name,
)
def test_nothing_goes_on_with_a_twin_of_what_lives_elsewhere(
    desk: Desk, operation: Operation
) -> None:
    twin(desk)

    told = refused(desk, operation)

    assert f"lives in {(desk.root / 'state').as_uri()}" in told
    assert desk.cloud == MACHINES
    assert epoch.read(desk.session().snapshot_store, C) is None


def test_nor_is_one_stored_where_none_was(desk: Desk) -> None:
    twin(desk)
    shutil.rmtree(desk.root / "new" / C)

    assert "lives in" in refused(desk, StoreCluster(OTHER))
    assert desk.keys("new") == set()


@pytest.mark.parametrize("changed", [False, True], ids=["by its run", "by its epoch"])
def test_a_twin_is_unregistered_alone(desk: Desk, *, changed: bool) -> None:
    twin(desk)
    if changed:
        desk.store = "state"
        desk.run(StoreCluster(SPEC))
        desk.store = "new"
    kept = desk.session().snapshot_store
    before = epoch.read(kept, C), tuple(kept.list(C))

    rows = desk.run(DeleteCluster(C, unregister=True))

    assert rows["check epoch"].startswith("it lives in another state store")
    assert rows["take the final snapshot"].startswith("none")
    assert (epoch.read(kept, C), tuple(kept.list(C))) == before
    assert desk.keys("new") == set()
    assert desk.cloud == MACHINES


def test_a_place_that_holds_its_keys_is_its_place(desk: Desk) -> None:
    """Somebody moved the state store: the first change there begins its epoch."""
    applied(desk)
    snapshot(desk)
    shutil.move(desk.root / "state" / C, desk.root / "new" / C)
    desk.store = "new"

    assert desk.run(StoreCluster(SPEC))["check epoch"].startswith("epoch 1")


def test_a_twin_with_keys_of_its_own_is_a_twin_all_the_same(desk: Desk) -> None:
    twin(desk)
    desk.put({CA_KEY: fleets.objects(2)[CA_KEY]}, "new")

    assert "does not hold its keys" in refused(desk, DeleteCluster(C))


def test_a_cluster_that_was_deleted_there_may_be_made_here(desk: Desk) -> None:
    applied(desk)
    snapshot(desk)
    desk.run(DeleteCluster(C))
    desk.called.clear()
    desk.store = "new"

    assert desk.run(StoreCluster(OTHER))["store definition"] == "stored"


def test_cloud_resources_of_a_definition_that_was_never_applied_are_not_deleted(desk: Desk) -> None:
    """No snapshot store tells where the living one is."""
    desk.kops.definition.store(definition())
    desk.cloud[:] = MACHINES

    told = refused(desk, DeleteCluster(C))

    assert f"iam-role masters.{C}" in told
    assert "--unregister" in told
    plan = plan_deletion(desk.session(), C)
    with pytest.raises(NotApproved, match="was never applied"):
        require_own(plan)
    require_own(plan, (C,))


def test_who_knows_whose_they_are_deletes_them(desk: Desk) -> None:
    desk.kops.definition.store(definition())
    desk.cloud[:] = MACHINES

    desk.run(DeleteCluster(C, with_resources_of=(C,)))

    assert desk.cloud == []


def test_a_definition_without_resources_is_deleted(desk: Desk) -> None:
    desk.kops.definition.store(definition())

    desk.run(DeleteCluster(C))

    assert desk.called == ["delete"]
