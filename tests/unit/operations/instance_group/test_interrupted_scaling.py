"""Whoever changes a cluster next sees a scale-down that was interrupted, and can abandon it."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kled.cli.frame.typed_line import Typed
from kled.cli.kops import scale_instance_group
from kled.errors import NotApproved
from kled.models.rolling import Roll
from kled.operations.cluster.plan_update import PlanUpdate
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.instance_group import interrupted_scaling
from kled.operations.instance_group.interrupted_scaling import AbandonScaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.preview.preview_roll import PlanRoll
from kled.operations.records import scale_journal
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.step import Operation, attempt
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, lease_of_another, session_of


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A group of three that is being scaled to two: one node is cordoned, nothing has ended."""

    with fleet_in(tmp_path) as fleet:

        def interrupt(_call: int) -> None:
            if fleet.called[-1] == "delete_instance":
                raise KeyboardInterrupt

        fleet.group("nodes", 3)
        fleet.fails = interrupt
        with pytest.raises(KeyboardInterrupt):
            run(fleet, ScaleInstanceGroup(C, "nodes", 2, 2, patience=timedelta(seconds=1)))
        fleet.fails = lambda _call: None
        assert fleet.cordoned() == ["nodes-1"]
        fleet.called.clear()
        yield fleet


def run(fleet: Fleet, operation: Operation) -> list[str]:
    session = session_of(fleet)
    return [attempt(step, session) for step in operation.steps()]


@pytest.mark.parametrize(
    "operation",
    [
        UpdateCluster(C),
        ReconcileCluster(C),
        RollCluster(C, Roll()),
        RollCluster(C, Roll(cloudonly=True)),
        PlanUpdate(C),
        PlanRoll(C, Roll()),
    ],
)
def test_nothing_is_planned_updated_or_rolled_meanwhile(
    fleet: Fleet, operation: Operation
) -> None:  # fault 20
    with pytest.raises(NotApproved, match='scaling "nodes" down was interrupted') as refused:
        run(fleet, operation)

    assert "--instance-group=nodes --min=2 --max=2 --yes; or" in str(refused.value.hint)
    assert "--instance-group=nodes --abandon --yes" in str(refused.value.hint)
    assert "update" not in fleet.called
    assert fleet.ended == []


@pytest.mark.parametrize("operation", [PlanUpdate(C), PlanRoll(C, Roll())])
def test_one_that_lives_is_under_way_and_names_no_command(
    fleet: Fleet, operation: Operation
) -> None:
    lease_of_another(fleet)

    with pytest.raises(NotApproved, match='scaling "nodes" down is under way') as refused:
        run(fleet, operation)

    assert "held by kled run roll-cluster (ada) on host-a" in refused.value.message
    assert refused.value.hint == "look again when it has ended"


def test_a_preview_says_what_is_left_and_both_ways_on(fleet: Fleet) -> None:  # fault 20
    words = interrupted_scaling.words(session_of(fleet), C)

    assert words is not None
    assert "nodes may still have Launch and AZRebalance suspended, and nodes-1 cordoned" in words
    assert "--max=2 --yes" in words
    assert "--abandon --yes" in words


def test_a_damaged_record_is_said_and_stops_no_preview(fleet: Fleet) -> None:
    key = scale_journal.RECORD.key(C)
    (fleet.scratch.parent / "state" / key).write_text("{")

    assert key in str(interrupted_scaling.words(session_of(fleet), C))


def test_an_abandoned_scale_down_leaves_the_group_as_it_was(fleet: Fleet) -> None:  # fault 20
    run(fleet, AbandonScaling(C))

    assert fleet.suspends("nodes") == ([], [])
    assert fleet.cordoned() == []
    assert fleet.picked == []
    assert len(fleet.machines) == 3
    assert interrupted_scaling.words(session_of(fleet), C) is None
    assert run(fleet, AbandonScaling(C))[-1] == "nothing is held back"


@pytest.mark.parametrize(
    ("typed", "is_meant"), [("nodes", True), ("nod", False), ("nodes-b", False)]
)
def test_it_is_abandoned_by_the_name_of_its_group(
    fleet: Fleet, typed: str, *, is_meant: bool
) -> None:
    assert (interrupted_scaling.of_group(session_of(fleet), C, typed) is not None) == is_meant


def test_the_preview_of_abandoning_ends_with_the_command_that_does_it(fleet: Fleet) -> None:
    said: list[str] = []
    call: Any = SimpleNamespace(
        session=lambda: nullcontext(session_of(fleet)),
        say=lambda *lines: said.extend(lines),
        typed=Typed((), {"name": C, "instance-group": "nodes", "abandon": True}),
    )

    scale_instance_group.give_up(call, C, "nodes", yes=False)

    assert said[-1] == (
        f"preview only; do it with: kled kops scale-instance-group --name={C}"
        " --instance-group=nodes --abandon --yes"
    )
    assert fleet.called == []


def test_abandoning_can_be_killed_at_every_call_and_repeated(fleet: Fleet) -> None:  # fault 20
    """Each gets one call further than the one before; the last ends as an undisturbed one does."""
    calls = 0
    while True:
        calls += 1

        def kill(number: int, last: int = len(fleet.called) + calls) -> None:
            if number >= last:
                raise KeyboardInterrupt

        fleet.fails = kill
        try:
            run(fleet, AbandonScaling(C))
        except KeyboardInterrupt:
            continue
        break

    fleet.fails = lambda _call: None
    assert {"store_edited_group", "update", "export_kubeconfig"} < set(fleet.called)
    assert run(fleet, AbandonScaling(C))[-1] == "nothing is held back"
    assert fleet.suspends("nodes") == ([], [])
    assert fleet.cordoned() == []
    assert len(fleet.machines) == 3
    assert fleet.picked == []


def test_the_way_back_of_an_abandoned_scaling_is_the_scaling(fleet: Fleet) -> None:
    """It had no test of its own: what is abandoned is typed again with its own bounds."""
    step = AbandonScaling(C).steps()[-1]

    attempt(step, session_of(fleet))

    finish = (
        f"kled kops scale-instance-group --name={C} --instance-group=nodes --min=2 --max=2 --yes"
    )
    assert step.takes_back
    assert step.told_back == f"scale the group again: {finish}"
    run(fleet, ScaleInstanceGroup(C, "nodes", 2, 2, patience=timedelta(seconds=1)))
    assert len(fleet.ended) == 1


def test_where_nothing_was_held_there_is_nothing_to_take_back(fleet: Fleet) -> None:
    run(fleet, AbandonScaling(C))
    step = AbandonScaling(C).steps()[-1]

    attempt(step, session_of(fleet))

    assert not step.takes_back


def edited(fleet: Fleet) -> str:
    """Store what the next update would apply to another group; return its name in the plan."""
    fleet.group("other", 1)
    spec = {**fleet.groups["other"]["spec"], "minSize": 4, "maxSize": 4}
    fleet.groups["other"] = {**fleet.groups["other"], "spec": spec}
    return "modify AutoscalingGroup/other.c.example.com"


@pytest.mark.parametrize(
    "operation",
    [ScaleInstanceGroup(C, "nodes", 2, 2, patience=timedelta(seconds=1)), AbandonScaling(C)],
    ids=["finished", "abandoned"],
)
@pytest.mark.parametrize("is_edit", [True, False], ids=["an edit", "a template"])
def test_what_was_stored_meanwhile_is_not_applied_by_what_ends_it(
    fleet: Fleet, operation: Operation, *, is_edit: bool
) -> None:
    """Nobody would have seen the plan of it; taken back, the scaling ends as it was meant."""
    change = edited(fleet) if is_edit else "modify LaunchTemplate/nodes.c.example.com"
    if not is_edit:
        fleet.templates.append("nodes")

    with pytest.raises(NotApproved, match="more than the size of nodes") as refused:
        run(fleet, operation)

    assert change in refused.value.message
    assert f"shows it: kled kops update-cluster --name={C}" in str(refused.value.hint)
    assert "--abandon --yes" in str(refused.value.hint)
    assert "update" not in fleet.called
    assert fleet.ended == []
    assert scale_journal.read(session_of(fleet), C) is not None
    if is_edit:
        fleet.groups["other"] = fleet.applied["other"]
    fleet.templates.clear()
    run(fleet, operation)
    assert fleet.suspends("nodes") == ([], [])
    assert scale_journal.read(session_of(fleet), C) is None


def test_nor_by_the_scaling_itself_where_it_was_stored_after_its_check(fleet: Fleet) -> None:
    """A bare kops asks for no lease."""
    run(fleet, AbandonScaling(C))
    fleet.called.clear()

    def stores(_call: int) -> None:
        if fleet.called[-1] == "store_edited_group":
            fleet.templates[:] = ["nodes"]

    fleet.fails = stores

    with pytest.raises(NotApproved, match="modify LaunchTemplate/nodes"):
        run(fleet, ScaleInstanceGroup(C, "nodes", 2, 2, patience=timedelta(seconds=1)))

    assert "update" not in fleet.called
    assert fleet.ended == []
