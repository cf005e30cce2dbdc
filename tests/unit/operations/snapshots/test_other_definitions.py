"""A way back leads to an earlier definition of the place where the cluster lives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyrage
import pytest

from kled.operations import ways_back
from kled.operations.guards.overrides import NOTHING
from kled.operations.records import applied_definition
from kled.operations.session import Session
from kled.operations.snapshots.back_up import back_up
from kled.operations.snapshots.definitions_in_snapshots import newest_other
from kled.operations.snapshots.earlier_definition import Obstacles, between
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World
from tests.unit.snapshot import fleets

if TYPE_CHECKING:
    from pathlib import Path

    from kled.config import Settings

SPOT = fleets.group("role: Node, maxSize: 3").replace(b"name: nodes", b"name: spot")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def in_store(world: World, name: str) -> Settings:
    url = (world.root / name).as_uri()
    environment = {**world.settings.environment, "KOPS_STATE_STORE": url}
    return replace(world.settings, environment=environment, state_store=url)


def backed_up(settings: Settings) -> Session:
    """A run that has just taken a snapshot."""
    session = Session(settings, None, CLOCK, WHO, None, overrides=NOTHING)
    done = back_up(Stores(settings, CLOCK), [CLUSTER], progress=Quiet())
    session.before = done.clusters[0].snapshot
    assert session.before
    return session


def test_a_definition_of_the_same_place_is_one(world: World) -> None:
    world.write("state", {"instancegroup/spot": SPOT})
    session = backed_up(world.settings)

    other = newest_other(session, CLUSTER, session.before or "")

    assert other is not None
    assert (other.id, other.new_groups) == (world.wish.snapshot, ("spot",))


def test_a_definition_that_names_the_former_place_is_none(world: World) -> None:
    """It would be written over the moved one, and point to a bucket that is gone."""
    world.write("other", {**fleets.objects(1), "instancegroup/spot": SPOT})
    moved = in_store(world, "other")
    stores = Stores(moved, CLOCK)
    left = world.settings.state_store or ""
    epoch.check(stores.snapshots, CLUSTER, left)
    epoch.advance(stores.snapshots, CLUSTER, moved.state_store or "", of=left)
    session = backed_up(moved)

    assert newest_other(session, CLUSTER, session.before or "") is None
    assert ways_back.of_update(session, CLUSTER).startswith("none: ")


def test_a_definition_from_before_a_member_of_etcd_moved_is_none(world: World) -> None:
    """The update after its restore would be refused, and with it every change."""
    for member in "ab":
        etcds = f"etcdClusters: [{{name: main, etcdMembers: [{{name: {member}}}]}}], ".encode()
        config = fleets.objects(1)["config"].replace(b"spec: {", b"spec: {" + etcds)
        world.write("state", {"config": config})
        session = backed_up(world.settings)

    for told in (ways_back.of_update(session, CLUSTER), ways_back.of_roll(session, CLUSTER)):
        assert "none: the definition before does not name " in told
        assert "kled snapshot restore" not in told


def test_a_definition_that_was_withdrawn_before_any_update_is_none(world: World) -> None:
    """The printed way back applied an edit that nobody had ever applied."""
    session = backed_up(world.settings)
    applied_definition.remember(session, CLUSTER)
    for bound in (7, 3):
        group = {"instancegroup/nodes": fleets.group(f"role: Node, minSize: {bound}")}
        world.write("state", group)
        session = backed_up(world.settings)

    other = newest_other(session, CLUSTER, session.before or "")
    assert other is not None
    assert (other.id, other.is_one_of_several) == (world.wish.snapshot, False)

    applied_definition.remember(session, CLUSTER)
    again = newest_other(session, CLUSTER, session.before or "")
    assert again is not None
    assert again.id == world.wish.snapshot  # before the last one that was applied


def test_where_no_snapshot_has_what_was_applied_there_is_none(world: World) -> None:
    world.write("state", {"instancegroup/spot": SPOT})
    applied_definition.remember(backed_up(world.settings), CLUSTER)
    world.write("state", {"instancegroup/spot": SPOT + b"# edited by somebody\n"})
    session = Session(world.settings, None, CLOCK, WHO, None, overrides=NOTHING)
    applied_definition.remember(session, CLUSTER)
    world.write("state", {"instancegroup/spot": SPOT + b"# and once more\n"})
    session = backed_up(world.settings)

    assert newest_other(session, CLUSTER, session.before or "") is None
    assert ways_back.of_update(session, CLUSTER).startswith("none: ")


def plane(spec: str) -> bytes:
    """A group of the control plane."""
    return fleets.group(f"role: ControlPlane, {spec}").replace(b"name: nodes", b"name: plane")


def told_of(world: World, *definitions: dict[str, bytes]) -> str:
    """Apply the definitions one after the other; return the way back of the last update."""
    for objects in definitions:
        world.write("state", objects)
        session = backed_up(world.settings)
    return ways_back.of_update(session, CLUSTER)


def test_a_definition_with_a_member_of_etcd_in_another_zone_is_told_apart() -> None:
    subnets = [{"name": zone, "zone": zone} for zone in ("us-east-1a", "us-east-1b")]
    etcd = {"name": "main", "etcdMembers": [{"name": "a", "instanceGroup": "plane"}]}
    cluster: dict[str, Any] = {
        "spec": {"cloudProvider": "aws", "subnets": subnets, "etcdClusters": [etcd]}
    }
    before, now = (
        {
            "config": cluster,
            "instancegroup/plane": {"spec": {"role": "ControlPlane", "subnets": [zone["name"]]}},
        }
        for zone in subnets
    )

    assert between(now, before, frozenset()).moved == ("member a of etcd cluster main",)
    assert between(now, now, frozenset()) == Obstacles()


def test_a_definition_with_fewer_machines_of_the_control_plane_is_none(world: World) -> None:
    told = told_of(world, *({"instancegroup/plane": plane(f"maxSize: {n}")} for n in (1, 3)))

    assert told == (
        "none: the definition before takes machines from the control plane: plane (spec.maxSize:"
        " 3 -> 1)"
    )


@pytest.mark.parametrize(
    ("spec", "drains"),
    [("role: Node", True), ("role: Bastion", False), ("role: Node, manager: Karpenter", False)],
)
def test_only_what_bears_pods_and_has_bounds_is_drained_before(
    world: World, spec: str, drains: object
) -> None:
    sizes = (fleets.group(f"{spec}, minSize: {size}, maxSize: {size}") for size in (1, 3))

    told = told_of(world, *({"instancegroup/nodes": group} for group in sizes))

    scale = f"--name={CLUSTER} --instance-group=nodes --min=1 --max=1 --yes"
    earlier = f"the earlier bounds: kled kops scale-instance-group {scale}; older ones"
    assert told.startswith(earlier) is drains
    assert ("kled snapshot restore" in told) is not drains


def test_where_kled_drains_nothing_people_do_it_by_hand(world: World) -> None:
    config = fleets.objects(1)["config"].replace(b"spec: {", b"spec: {cloudProvider: gce, ")
    sizes = (fleets.group(f"role: Node, minSize: {size}, maxSize: {size}") for size in (1, 3))

    told = told_of(world, *({"config": config, "instancegroup/nodes": group} for group in sizes))

    assert "drain by hand the nodes of nodes that go, then kled snapshot restore" in told
    assert f"kled kops update-cluster --name={CLUSTER} --yes --no-drain; older ones" in told


def test_a_snapshot_that_cannot_be_opened_here_is_only_looked_at(world: World) -> None:
    """Typed, its restore fails; where it can be opened, nobody had looked what follows."""
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    profile = replace(world.settings.snapshot_profile, recipients=(recipient,))
    world.settings = replace(world.settings, snapshot_profile=profile)
    sizes = (fleets.group(f"role: Node, maxSize: {size}") for size in (2, 3))

    told = told_of(world, *({"instancegroup/nodes": group} for group in sizes))

    assert told.startswith("not known: the snapshots cannot be opened here")
    assert "--yes" not in told
