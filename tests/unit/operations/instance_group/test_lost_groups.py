"""A group whose definition is gone while its machines run on is told, and comes back alone."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kled.errors import InvalidInput, KopsError
from kled.models.plan import Change, Plan
from kled.operations.guards.overrides import NOTHING
from kled.operations.guards.taken_snapshot import no_way_back
from kled.operations.instance_group import lost_groups
from kled.operations.recovery.restore_state import RestoreState
from kled.operations.session import Session
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.snapshot.progress import Quiet
from tests.fake_kops import FakeKops
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World
from tests.unit.snapshot import fleets

NODES = fleets.group("role: Node, maxSize: 3")
SPOT = NODES.replace(b"name: nodes", b"name: spot")
CONFIG = "igconfig/node/{}/nodeupconfig.yaml"


class Cloud(FakeKops):
    """Lists what `kops delete cluster` would: these machines; counts how often it was asked."""

    def __init__(self, *names: str, fails: bool = False) -> None:
        self.names, self.fails, self.asked = names, fails, 0

    def cluster_preview_delete(self, name: str) -> Plan:
        self.asked += 1
        if self.fails:
            raise KopsError("no credentials")
        found = [("autoscaling-group", one) for one in self.names]
        more = [("subnet", f"spot.{name}"), ("autoscaling-config", f"spot.{name}")]
        changes = tuple(Change("delete", kind, one) for kind, one in (*found, *more))
        return Plan(name, changes)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("state", {"instancegroup/nodes": NODES, "instancegroup/spot": SPOT})
    for group in ("nodes", "spot"):
        world.write("state", {CONFIG.format(group): b"kind: NodeupConfig\n"})
    return world


def backed_up(world: World) -> str:
    done = back_up(Stores(world.settings, CLOCK), [CLUSTER], progress=Quiet())
    return done.clusters[0].snapshot or ""


def lose(world: World, group: str) -> None:
    (world.root / "state" / CLUSTER / "instancegroup" / group).unlink()


def told(world: World, cloud: Cloud) -> str:
    kops: Any = cloud
    session = Session(world.settings, kops, CLOCK, WHO, None, overrides=NOTHING)
    return lost_groups.remark(session, CLUSTER)


def test_a_lost_group_is_named_with_the_command_that_brings_it_back_alone(world: World) -> None:
    kept = backed_up(world)
    lose(world, "spot")
    world.write(
        "state", {"instancegroup/nodes": fleets.group("role: Node, maxSize: 9")}
    )  # in no snapshot

    words = told(world, Cloud(f"nodes.{CLUSTER}", f"spot.{CLUSTER}"))

    assert words.startswith(f"LOST: the state store of {CLUSTER} has no definition of spot, whose")
    typed = shlex.split(words.partition("comes back with ")[2])
    named = [f"--name={CLUSTER}", f"--snapshot={kept}", "--instance-group=spot", "--yes"]
    assert typed == ["kled", "snapshot", "restore", *named]
    wish = replace(world.wish, snapshot=kept, groups=("spot",))
    restored = world.restore(RestoreState(wish)).result.done
    assert (restored.created, restored.replaced) == (1, 0)
    assert told(world, Cloud(f"spot.{CLUSTER}")) == ""


def test_a_change_that_no_snapshot_could_take_back_names_the_lost_group_alone(world: World) -> None:
    """A restore of the whole would take away what was edited since."""
    kept = backed_up(world)
    lose(world, "nodes")
    kops: Any = Cloud(f"nodes.{CLUSTER}", f"spot.{CLUSTER}")
    session = Session(world.settings, kops, CLOCK, WHO, None, overrides=NOTHING)

    refusal = no_way_back(session, CLUSTER, ["there is no instance group of nodes"])

    assert str(refusal.hint).startswith(f"LOST: the state store of {CLUSTER} has no definition of")
    assert f"--snapshot={kept} --instance-group=nodes --yes" in str(refusal.hint)
    assert "go back" not in str(refusal.hint).partition("--yes")[2].partition("to go on")[0]


def test_a_group_that_was_deleted_on_purpose_is_none_that_was_lost(world: World) -> None:
    """kops deletes its machines, and leaves what it wrote for them."""
    lose(world, "spot")

    assert told(world, Cloud(f"nodes.{CLUSTER}", f"spot-b.{CLUSTER}")) == ""


def test_while_every_group_has_its_definition_the_cloud_is_not_asked(world: World) -> None:
    cloud = Cloud(f"spot.{CLUSTER}")

    assert told(world, cloud) == ""
    assert not cloud.asked


def test_what_no_snapshot_has_is_made_again(world: World) -> None:
    lose(world, "spot")

    words = told(world, Cloud(f"spot.{CLUSTER}"))

    assert "no snapshot has spot: make it again as it was, with kled kops create-instance" in words


def test_a_cloud_that_cannot_be_asked_is_said(world: World) -> None:
    lose(world, "spot")

    assert "is not known: no credentials" in told(world, Cloud(fails=True))


def test_a_group_that_the_snapshot_lacks_is_not_restored(world: World) -> None:
    wish = replace(world.wish, snapshot=backed_up(world), groups=("nodes", "typo"))

    with pytest.raises(InvalidInput, match="has no instance group 'typo'"):
        world.restore(RestoreState(wish))


def test_the_command_that_is_told_again_names_the_groups(world: World) -> None:
    wish = replace(world.wish, groups=("spot",))

    assert "--instance-group=spot" in wish.again()
    assert wish.again().count("--class") == 0
