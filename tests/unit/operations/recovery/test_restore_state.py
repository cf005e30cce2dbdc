"""Restoring as commands and flows do: one operation, guarded where it writes (fault 14)."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import (
    ClusterNotFound,
    EpochMismatch,
    KledError,
    NotApproved,
    SnapshotNotTrustworthy,
)
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.recovery import restore_state
from kled.operations.recovery.raise_epoch import RaiseEpoch
from kled.operations.recovery.restoration import RestorationReport
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import Report, run
from kled.operations.session import Session
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.epoch import epoch
from kled.snapshot.epoch.epoch import Epoch
from kled.snapshot.progress import Quiet
from kled.storage.base import Location, ObjectStore
from kled.storage.url import open_store
from tests.sites import CLOCK, WHO, put_objects, settings_at
from tests.stores import BilledStore
from tests.unit.snapshot import fleets

CLUSTER = fleets.name(1)


class World:
    """A state store with one cluster, its snapshot, and room for a second state store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for store in ("other", "snapshots"):
            (root / store).mkdir()
        self.write("state", fleets.objects(1))
        self.settings = settings_at(root, env={"KLED_PROTECTED": "guarded.*"})
        done = back_up(Stores(self.settings, CLOCK), [CLUSTER], progress=Quiet())
        self.wish = Wish(CLUSTER, done.clusters[0].snapshot or "")

    def write(self, store: str, objects: dict[str, bytes], cluster: str = CLUSTER) -> None:
        put_objects(self.root / store / cluster, objects)

    def restore(
        self, restoring: RestoreState, overrides: Overrides = NOTHING
    ) -> Report[RestorationReport]:
        session = Session(self.settings, None, CLOCK, WHO, None, overrides=overrides)
        return run(restoring, session)

    def restore_nothing(self, operation: RaiseEpoch) -> Report:
        return run(operation, Session(self.settings, None, CLOCK, WHO, None, overrides=NOTHING))

    def plan(self, wish: Wish) -> str:
        return restore_state.plan(Stores(self.settings, CLOCK), wish).digest


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def change(world: World) -> Path:
    path = world.root / "state" / CLUSTER / "config"
    path.write_bytes(path.read_bytes() + b"# changed\n")
    return path


def test_what_is_there_is_snapshotted_after_the_look_and_before_the_first_write(
    world: World,
) -> None:
    change(world)

    report = world.restore(RestoreState(world.wish))

    steps = [row.step for row in report.rows]
    assert steps == ["check epoch", "check restore", "take a snapshot", "restore state"]


def test_a_digest_approves_one_plan(world: World) -> None:
    path = change(world)
    digest = world.plan(world.wish)
    path.write_bytes(path.read_bytes() + b"# again\n")

    with pytest.raises(NotApproved, match="now, not"):
        world.restore(RestoreState(world.wish, digest=digest[:12]))

    assert path.read_bytes().endswith(b"# again\n")
    world.restore(RestoreState(world.wish, digest=world.plan(world.wish)[:12]))
    assert not path.read_bytes().endswith(b"# again\n")


def test_it_holds_the_lease_of_the_place_that_it_writes_to(world: World) -> None:
    elsewhere = RestoreState(replace(world.wish, to="s3://second", prefix="copy.example.com/"))

    place = elsewhere.guards.place_of(elsewhere.cluster)

    assert place is not None
    assert (place.state_store, place.cluster) == ("s3://second", "copy.example.com")
    home = RestoreState(world.wish).guards.place_of(CLUSTER)
    assert home is not None
    assert (home.state_store, home.cluster) == (None, CLUSTER)


def test_a_target_elsewhere_keeps_what_it_has_and_no_snapshot_holds(world: World) -> None:
    wish = replace(world.wish, to=(world.root / "other").as_uri())
    world.write("other", {"config": b"somebody else's"})

    with pytest.raises(NotApproved, match="would be replaced or deleted") as refused:
        world.restore(RestoreState(wish))

    assert "kled snapshot create --state=file://" in (refused.value.hint or "")
    assert (world.root / "other" / CLUSTER / "config").read_bytes() == b"somebody else's"
    assert list((world.root / "other" / CLUSTER).rglob("*.*")) == []
    world.restore(RestoreState(wish), Overrides(no_snapshot=True))
    assert b"somebody" not in (world.root / "other" / CLUSTER / "config").read_bytes()


def test_an_empty_target_elsewhere_is_filled_and_a_second_run_has_nothing_to_write(
    world: World,
) -> None:
    wish = replace(world.wish, to=(world.root / "other").as_uri())

    world.restore(RestoreState(wish))
    again = world.restore(RestoreState(wish)).result.done

    assert (again.created, again.replaced, again.deleted) == (0, 0, 0)


def test_a_name_beside_it_is_guarded_as_the_cluster_that_it_is(world: World) -> None:
    """`--as` another cluster: the epoch that counts is the other's."""
    world.write("state", fleets.objects(2), "taken.example.com")
    epoch = world.root / "snapshots" / "clusters" / "taken.example.com" / "epoch.json"
    epoch.parent.mkdir(parents=True)
    epoch.write_text(json.dumps({"state_store": "s3://elsewhere", "number": 2}))

    with pytest.raises(EpochMismatch):
        world.restore(RestoreState(replace(world.wish, prefix="taken.example.com")))


def test_a_protected_place_needs_the_clusters_name(world: World) -> None:
    wish = replace(world.wish, prefix="guarded.example.com", classes=("identity",))

    with pytest.raises(NotApproved, match="protected"):
        world.restore(RestoreState(wish))

    assert not (world.root / "state" / "guarded.example.com").exists()


def epoch_of(world: World) -> Epoch | None:
    return epoch.read(Stores(world.settings, CLOCK).snapshots, CLUSTER)


def test_a_restore_elsewhere_ends_by_saying_where_the_cluster_lives(world: World) -> None:
    change(world)
    world.restore(RestoreState(world.wish))
    elsewhere = replace(world.wish, to=(world.root / "other").as_uri())

    report = world.restore(RestoreState(elsewhere))

    assert (
        "are refused, unless it is moved there: kled snapshot epoch raise" in report.rows[-1].words
    )
    known = epoch_of(world)
    assert known is not None
    assert known.state_store.endswith("/state")


def test_it_raises_the_epoch_where_it_is_told_to_and_the_old_side_refuses_itself(
    world: World,
) -> None:
    change(world)
    world.restore(RestoreState(world.wish))
    elsewhere = replace(world.wish, to=(world.root / "other").as_uri())

    world.restore(RestoreState(elsewhere, raise_epoch=True))
    world.restore(RestoreState(elsewhere, raise_epoch=True))

    known = epoch_of(world)
    assert known is not None
    assert (known.number, known.state_store.endswith("/other")) == (2, True)
    with pytest.raises(EpochMismatch):
        world.restore(RestoreState(world.wish))


def test_an_epoch_is_raised_only_where_the_keys_are_the_clusters_own(world: World) -> None:
    """Fault 1's kind: whoever raised it for a remade cluster would lock the living one out."""
    world.restore(RestoreState(world.wish))
    other = (world.root / "other").as_uri()
    world.restore(RestoreState(replace(world.wish, to=other)))
    key = next((world.root / "other" / CLUSTER / "pki").rglob("keyset.yaml"))
    key.write_bytes(b"kind: Keyset\n")

    with pytest.raises(SnapshotNotTrustworthy, match="differ or are missing"):
        world.restore_nothing(RaiseEpoch(CLUSTER, state_store=other))
    shutil.rmtree(world.root / "other" / CLUSTER)
    with pytest.raises(ClusterNotFound):
        world.restore_nothing(RaiseEpoch(CLUSTER, state_store=other))

    known = epoch_of(world)
    assert known is not None
    assert known.number == 1


def keys_of(world: World, cluster: str) -> dict[Path, bytes]:
    root = world.root / "state" / cluster
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", ["second.example.com", "second.example.com/backups/x"])
@pytest.mark.parametrize(
    "config", [b"kind: Cluster\nmetadata: {name: second.example.com}\n", b"\0"]
)
def test_another_cluster_s_place_takes_no_other_keys_whatever_is_typed(
    world: World, place: str, config: bytes
) -> None:
    """Fault 1: `--as` wrote one cluster's certificate authority over another's."""
    world.write("state", fleets.objects(2) | {"config": config}, "second.example.com")
    before = keys_of(world, "second.example.com")
    wish = replace(world.wish, prefix=place, classes=("identity",))

    for overrides in (NOTHING, Overrides(no_snapshot=True, no_epoch=True)):
        with pytest.raises(NotApproved, match="is not a place for the snapshot"):
            world.restore(RestoreState(wish, confirm=place), overrides)

    assert keys_of(world, "second.example.com") == before


def test_keys_that_are_left_of_a_cluster_whose_definition_is_lost_stay(world: World) -> None:
    world.write("state", fleets.objects(2), "second.example.com")
    (world.root / "state" / "second.example.com" / "config").unlink()

    with pytest.raises(NotApproved, match="other keys are there"):
        world.restore(
            RestoreState(replace(world.wish, prefix="second.example.com", classes=("identity",)))
        )


def test_keys_in_another_store_stay_though_no_snapshot_is_asked_for(world: World) -> None:
    key = "pki/private/kubernetes-ca/keyset.yaml"
    world.write("other", {"config": fleets.objects(1)["config"], key: b"another one"})
    wish = replace(world.wish, to=(world.root / "other").as_uri())

    with pytest.raises(NotApproved, match="other keys are there"):
        world.restore(RestoreState(wish), Overrides(no_snapshot=True))

    assert (world.root / "other" / CLUSTER / key).read_bytes() == b"another one"


def test_at_home_keys_are_put_back_over_others(world: World) -> None:
    """The cure where a certificate authority was made anew."""
    key = world.root / "state" / CLUSTER / "pki/private/kubernetes-ca/keyset.yaml"
    before = key.read_bytes()
    key.write_bytes(b"kind: Keyset\n")

    world.restore(RestoreState(world.wish))

    assert key.read_bytes() == before


def test_a_protected_place_is_confirmed_by_its_own_name(world: World) -> None:
    wish = replace(world.wish, prefix="guarded.example.com", classes=("identity",))

    with pytest.raises(NotApproved, match="names"):
        world.restore(RestoreState(wish, confirm=CLUSTER))
    world.restore(RestoreState(wish, confirm="guarded.example.com"))

    assert (world.root / "state" / "guarded.example.com" / "pki").exists()


def test_a_definition_is_not_stored_under_another_clusters_name(world: World) -> None:
    """kops listed it as a cluster, could read no cluster any more, and could not delete it."""
    with pytest.raises(NotApproved, match='takes a directory of that name for cluster "copy') as e:
        world.restore(RestoreState(replace(world.wish, prefix="copy.example.com")))

    assert "--as=copies/copy.example.com" in str(e.value.hint)
    assert not (world.root / "state" / "copy.example.com").exists()
    world.restore(RestoreState(replace(world.wish, prefix="copies/copy.example.com")))


def test_a_restore_that_fails_is_gone_on_with_by_the_same_command(world: World) -> None:
    # a member of fault 19: `latest` was the snapshot that was taken before the first write by then
    for path in (world.root / "state" / CLUSTER).rglob("*"):
        if path.name == "config":
            path.unlink()
            path.mkdir()  # nothing can be written there

    with pytest.raises(KledError) as failed:
        world.restore(RestoreState(world.wish))

    assert "the same command goes on with it" in str(failed.value.hint)


def test_the_latest_snapshot_is_judged_once(world: World) -> None:
    stores: list[BilledStore] = []

    def billed(location: Location, *, env: Mapping[str, str], clock: Clock) -> ObjectStore:
        stores.append(BilledStore(open_store(location, env=env, clock=clock)))
        return stores[-1]

    opened = Stores(world.settings, CLOCK, open_store=billed)
    settled = restore_state.settle(opened, replace(world.wish, snapshot="latest"))

    assert settled.wish.snapshot == world.wish.snapshot
    assert settled.trust.trusted
    (kept,) = (store for store in stores if store.location.url.endswith("/snapshots"))
    assert kept.bill() == {"GET": 5, "LIST": 4}  # one of each for the manifest, the cluster, a blob
