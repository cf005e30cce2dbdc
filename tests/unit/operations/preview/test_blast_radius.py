"""The radius of a plan: what rolls, what is killed, and what nobody could tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import ApiUnreachable, CloudUnavailable, KledError, StoreUnavailable
from kled.models.blast_radius import BlastRadius, EndedMachines, GroupRoll
from kled.models.cluster import InstanceGroup
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingPlan, RollingRow
from kled.operations.preview.blast_radius import Affected, of_deletion, of_plan, of_roll
from tests.fake_kops import FakeKops

C = "c.example.com"
CONTROL, NODES, SPOT = "control-plane-a", "nodes-a", "spot-a"
TEMPLATE = Change("modify", "LaunchTemplate", f"{NODES}.{C}", {"InstanceType": "a -> b"})
CONTROL_TEMPLATE = Change(
    "modify", "LaunchTemplate", f"{CONTROL}.masters.{C}", {"ImageID": "a -> b"}
)
SMALLER = Change("modify", "AutoscalingGroup", f"{SPOT}.{C}", {"MaxSize": "5 -> 2"})
ROLE = Change("modify", "IAMRolePolicy", f"masters.{C}", {"PolicyDocument": ""})


def row(group: str, need_update: int, ready: int) -> RollingRow:
    total = need_update + ready
    status = "NeedsUpdate" if need_update else "Ready"
    return RollingRow(group, status, need_update, ready, total, total, total)


@dataclass
class Kops(FakeKops):
    """A cluster of one control-plane machine, three nodes and four spot machines."""

    rows: tuple[RollingRow, ...] = (row(NODES, 0, 3), row(SPOT, 1, 3), row(CONTROL, 0, 1))
    broken: KledError | None = None

    def cluster_preview_rolling_update(self, name: str, roll: Roll) -> RollingPlan:
        assert roll.cloudonly
        if self.broken:
            raise self.broken
        return RollingPlan(name, self.rows)

    def instance_groups_list(self, _name: str) -> tuple[InstanceGroup, ...]:
        return (
            InstanceGroup(NODES, "node", "t", 3, 3, ()),
            InstanceGroup(SPOT, "node", "t", 2, 5, ()),
            InstanceGroup(CONTROL, "control-plane", "t", 1, 1, ()),
        )


@dataclass
class Sight:
    """Answers, or does not, and remembers what it was asked."""

    broken: KledError | None = None
    groups: list[frozenset[str]] = field(default_factory=list)
    rows: list[tuple[str, int]] = field(default_factory=list)

    def affected(self, groups: frozenset[str]) -> Affected:
        self.groups.append(groups)
        if self.broken:
            raise self.broken
        return Affected(("default/db (StatefulSet)",), ("default/web: no eviction",), ("web",))

    def estimate(self, rows: Sequence[RollingRow]) -> timedelta | None:
        self.rows += [(one.instance_group, one.need_update) for one in rows]
        return timedelta(minutes=9)

    def shared_roles(self) -> tuple[str, ...]:
        if self.broken:
            raise self.broken
        return (f"masters.{C}",)


def radius(sight: Sight, *changes: Change, kops: Kops | None = None) -> BlastRadius:
    session: Any = SimpleNamespace(kops=kops or Kops())
    return of_plan(session, Plan(C, changes), sight)


def test_the_machines_of_a_changed_template_roll_with_those_that_wait_already() -> None:
    sight = Sight()

    found = radius(sight, TEMPLATE, CONTROL_TEMPLATE)

    assert found.rolls == (
        GroupRoll(CONTROL, "control-plane", 1),
        GroupRoll(NODES, "node", 3),
        GroupRoll(SPOT, "node", 1),
    )
    assert sight.groups == [frozenset({CONTROL, NODES, SPOT})]
    assert sight.rows == [(CONTROL, 1), (NODES, 3), (SPOT, 1)]
    assert found.duration == timedelta(minutes=9)
    assert found.blocking == ("default/web: no eviction",)
    assert found.unknown == {}


def test_a_group_that_becomes_smaller_than_it_is_kills_pods() -> None:
    assert radius(Sight(), SMALLER).ended == (EndedMachines(SPOT, 2),)


def test_a_plan_that_touches_no_machine_asks_no_kubernetes() -> None:
    sight = Sight(broken=ApiUnreachable("no answer"))
    quiet = Kops((row(NODES, 0, 3), row(CONTROL, 0, 1)))

    found = radius(sight, Change("modify", "ManagedFile", "x"), kops=quiet)

    assert sight.groups == []
    assert (found.rolls, found.unreplicated, found.blocking, found.iam) == ((), (), (), ())


def test_a_kubernetes_that_does_not_answer_makes_it_unknown_and_not_none() -> None:
    found = radius(Sight(broken=ApiUnreachable("no answer")), TEMPLATE)

    assert found.rolls is not None
    assert (found.unreplicated, found.blocking, found.services) == (None, None, None)
    assert found.unknown == dict.fromkeys(("unreplicated", "blocking", "services"), "no answer")


def test_a_cloud_that_does_not_answer_makes_all_of_it_unknown() -> None:
    found = radius(Sight(), TEMPLATE, kops=Kops(broken=CloudUnavailable("down")))

    assert (found.rolls, found.ended, found.blocking) == (None, None, None)
    assert found.unknown["rolls"] == "down"


@pytest.mark.parametrize("name", ["stranger.c.example.com", f"nodes-b.{C}"])
def test_a_template_of_no_group_makes_the_machines_unknown(name: str) -> None:
    found = radius(Sight(), Change("modify", "LaunchTemplate", name, {"ImageID": "a -> b"}))

    assert found.rolls is None
    assert name in found.unknown["rolls"]


def test_a_new_group_rolls_nothing() -> None:
    found = radius(
        Sight(),
        Change("create", "LaunchTemplate", f"{NODES}.{C}"),
        kops=Kops((row(CONTROL, 0, 1),)),
    )

    assert found.rolls == ()


def test_roles_are_asked_about_where_the_plan_changes_roles() -> None:
    broken = Sight(broken=StoreUnavailable("no store"))

    assert radius(Sight(), ROLE).iam == (f"masters.{C}",)
    assert radius(Sight(), TEMPLATE).iam == ()
    assert radius(broken, ROLE).iam is None
    assert radius(broken, ROLE).unknown["iam"] == "no store"


def test_a_roll_touches_what_its_preview_says_and_forced_every_machine_of_its_groups() -> None:
    session: Any = SimpleNamespace(kops=Kops())
    plan = RollingPlan(C, (row(SPOT, 1, 3), row(CONTROL, 0, 1)))

    once, forced = Sight(), Sight()

    assert of_roll(session, plan, once).rolls == (GroupRoll(SPOT, "node", 1),)
    assert once.groups == [frozenset({SPOT})]
    assert of_roll(session, plan, forced, force=True).machines == 5
    assert forced.rows == [(CONTROL, 1), (SPOT, 4)]


def test_a_deleted_group_ends_its_machines_and_what_runs_there() -> None:
    session: Any = SimpleNamespace(kops=Kops())

    found = of_deletion(session, C, SPOT, Sight())

    assert found.ended == (EndedMachines(SPOT, 4),)
    assert found.rolls == ()
    assert found.unreplicated == ("default/db (StatefulSet)",)


def test_a_deletion_of_which_kops_cannot_tell_is_unknown() -> None:
    session: Any = SimpleNamespace(kops=Kops(broken=CloudUnavailable("down")))

    assert of_deletion(session, C, SPOT, Sight()).ended is None
