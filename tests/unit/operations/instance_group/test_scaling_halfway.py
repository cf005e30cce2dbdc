"""A scale-down that fails or is killed anywhere is ended by the next run, or says what is left."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import (
    DrainBlocked,
    KledError,
    LeaseLost,
    Throttled,
)
from kled.operations.instance_group.giving_back import give_back
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.step import attempt
from tests.unit.kubernetes.cluster import held
from tests.unit.operations.driven_fleet import C, Fleet, session_of
from tests.unit.operations.instance_group.scaling import (
    ABANDON,
    FINISH,
    interrupted_at,
    journal,
    scale,
    steady,
    three_groups,
)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with three_groups(tmp_path) as fleet:
        yield fleet


CALLS = (
    ("update_preview", 2),
    ("store_edited_group", 1),
    ("update", 1),
    ("update_preview", 3),
    ("export_kubeconfig", 1),
    ("get_instances", 7),
    ("delete_instance", 1),
    ("get_instances", 9),
    ("store_edited_group", 2),
    ("update", 2),
    ("get_definition", 4),
    ("store_edited_group", 3),
    ("update", 3),
    ("export_kubeconfig", 2),
)
"""The calls of a scale-down that changes something, and what it asks between them."""


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "for good"])
@pytest.mark.parametrize("error", [Throttled, LeaseLost])
@pytest.mark.parametrize(("verb", "number"), CALLS)
def test_a_failure_anywhere_gives_the_group_back_or_says_what_is_left(
    fleet: Fleet, verb: str, number: int, error: type[KledError], times: int
) -> None:  # fault 3
    fleet.groups["nodes"]["spec"]["suspendProcesses"] = ["AlarmNotification"]
    fleet.cluster.update(C)
    fleet.called.clear()
    lowered = {**fleet.groups["nodes"]["spec"], "minSize": 2, "maxSize": 2}
    fleet.groups["nodes"] = {**fleet.groups["nodes"], "spec": lowered}  # and not applied yet
    fleet.kubernetes.pod("web-1", "nodes-1")
    left = [times]

    def fails(_call: int) -> KledError | None:
        broken = left[0] < times or fleet.called.count(verb) == number
        if not broken or not left[0]:
            return None
        left[0] -= 1
        return error("it broke")

    fleet.fails = fails
    with pytest.raises(error) as broke:
        scale(fleet, "nodes", 2, 2)

    if journal(fleet) or fleet.cordoned() or "Launch" in str(fleet.suspends("nodes")):
        assert FINISH in str(broke.value.hint)
    fleet.fails = lambda _call: None
    scale(fleet, "nodes", 2, 2)
    assert fleet.suspends("nodes") == (["AlarmNotification"], ["AlarmNotification"])
    assert fleet.cordoned() == []
    assert not journal(fleet)
    assert not fleet.picked
    assert {one.rpartition("-")[0] for one in fleet.ended} <= {"i-nodes", "i-nodes-new"}
    assert len([one for one in fleet.machines if one.instance_group == f"nodes.{C}"]) == 2


class Killed(BaseException):
    """Nothing of the run happens after it."""


@pytest.mark.parametrize(("verb", "number"), CALLS)
def test_a_scale_down_that_is_killed_anywhere_is_ended_by_the_next_run(
    fleet: Fleet, verb: str, number: int
) -> None:
    def dies(_call: int) -> None:
        if fleet.called.count(verb) == number:
            raise Killed

    fleet.kubernetes.pod("web-1", "nodes-1")
    fleet.fails = dies
    with pytest.raises(Killed):
        scale(fleet, "nodes", 2, 2)
    fleet.fails = lambda _call: None

    scale(fleet, "nodes", 2, 2)

    assert steady(fleet)
    assert fleet.ended == ["i-nodes-2"]
    assert (fleet.kubernetes.evictions, len(fleet.machines)) == ([], 6)


def test_a_failure_that_passes_leaves_nothing_held_back(fleet: Fleet) -> None:  # fault 3
    fleet.fails = lambda _call: (
        Throttled("it broke") if fleet.called[-1] == "delete_instance" else None
    )

    with pytest.raises(Throttled) as broke:
        scale(fleet, "nodes", 2, 2)

    assert "suspend" not in (broke.value.hint or "")
    assert steady(fleet)
    assert fleet.ended == []


def test_an_api_that_goes_away_leaves_the_group_launching_and_says_what_is_cordoned(
    fleet: Fleet,
) -> None:  # fault 3
    fleet.kubernetes.pod("web-1", "nodes-1")
    fleet.kubernetes.pod("web-2", "nodes-2")
    fleet.kubernetes.pod("web-3", "nodes-3")

    def goes_away(name: str) -> None:
        fleet.kubernetes.down = True

    fleet.kubernetes.on_evict = goes_away

    with pytest.raises(DrainBlocked) as broke:
        scale(fleet, "nodes", 2, 2)

    assert fleet.suspends("nodes") == ([], [])
    assert fleet.cordoned() == ["nodes-1"]
    assert broke.value.hint is not None
    assert "nodes-1 cordoned" in broke.value.hint
    assert FINISH in broke.value.hint


def test_a_drain_that_is_blocked_gives_all_back(fleet: Fleet) -> None:
    for number in (1, 2, 3):
        fleet.kubernetes.pod(f"web-{number}", f"nodes-{number}")
    fleet.kubernetes.on_evict = held

    with pytest.raises(DrainBlocked):
        scale(fleet, "nodes", 2, 2)

    assert steady(fleet)
    assert fleet.ended == []


def test_an_interruption_says_what_is_left(fleet: Fleet) -> None:  # fault 3
    notes: list[str] = []
    fleet.kubernetes.pod("web-1", "nodes-1")

    def interrupt(call: int) -> None:
        if fleet.called[-1] == "delete_instance":
            raise KeyboardInterrupt

    fleet.fails = interrupt

    with pytest.raises(KeyboardInterrupt):
        scale(fleet, "nodes", 2, 2, notes)

    assert FINISH in notes[-1]


def test_another_group_is_scaled_after_the_interrupted_one(fleet: Fleet) -> None:  # fault 20
    interrupted_at(fleet, "delete_instance")

    with pytest.raises(KledError, match='scaling "nodes" down was interrupted') as refused:
        scale(fleet, "nodes-b", 1, 1)

    assert FINISH in str(refused.value.hint)
    assert ABANDON in str(refused.value.hint)


def test_a_node_that_need_not_go_any_more_is_not_left_cordoned(fleet: Fleet) -> None:
    interrupted_at(fleet, "delete_instance")

    scale(fleet, "nodes", 3, 3)

    assert steady(fleet)
    assert fleet.ended == []


def test_a_group_that_gets_back_what_it_was_picks_no_machine(fleet: Fleet) -> None:
    lowered = {**fleet.groups["nodes"]["spec"], "minSize": 2, "maxSize": 2}
    fleet.groups["nodes"] = {**fleet.groups["nodes"], "spec": lowered}  # and not applied yet
    interrupted_at(fleet, "store_edited_group")

    give_back(session_of(fleet), C, None)

    assert len([one for one in fleet.machines if one.instance_group == f"nodes.{C}"]) == 3
    assert steady(fleet)


def test_a_group_that_was_deleted_meanwhile_gets_nothing_back(fleet: Fleet) -> None:
    interrupted_at(fleet, "delete_instance")
    del fleet.groups["nodes"]

    assert give_back(session_of(fleet), C, None) == "there is no group nodes any more"

    assert not journal(fleet)


def test_the_way_back_names_the_bounds_of_the_cloud_not_those_held_in_between(
    fleet: Fleet,
) -> None:
    """They were stored first, and then scaled: 1 to 3 were never anybody's."""
    lowered = {**fleet.groups["nodes"]["spec"], "minSize": 1, "maxSize": 1}
    fleet.groups["nodes"] = {**fleet.groups["nodes"], "spec": lowered}  # and not applied yet
    steps = ScaleInstanceGroup(C, "nodes", 1, 1, patience=timedelta(seconds=30)).steps()

    for step in steps:
        attempt(step, session_of(fleet))

    (told,) = {step.told_back for step in steps if step.name == "set bounds"}
    assert told.endswith("--instance-group=nodes --min=3 --max=3 --yes")


def test_it_names_them_after_a_kill_too(fleet: Fleet) -> None:
    interrupted_at(fleet, "delete_instance")
    steps = ScaleInstanceGroup(C, "nodes", 2, 2, patience=timedelta(seconds=30)).steps()

    for step in steps:
        attempt(step, session_of(fleet))

    (told,) = {step.told_back for step in steps if step.name == "set bounds"}
    assert told.endswith("--instance-group=nodes --min=3 --max=3 --yes")
