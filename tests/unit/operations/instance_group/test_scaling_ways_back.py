"""How a scaling is taken back: by a whole command with the bounds that the group had before."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import KopsError
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.step import Step, attempt
from tests.unit.operations.driven_fleet import C, Fleet, session_of
from tests.unit.operations.instance_group.scaling import three_groups

BACK = f"kled kops scale-instance-group --name={C} --instance-group=nodes --min=3 --max=3 --yes"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with three_groups(tmp_path) as fleet:
        yield fleet


def store(fleet: Fleet, **spec: object) -> None:
    """Change the stored group, as an edit does which was not applied."""
    changed = {**fleet.groups["nodes"]["spec"], **spec}
    fleet.groups["nodes"] = {**fleet.groups["nodes"], "spec": changed}


def set_bounds(fleet: Fleet, low: int, high: int) -> Step:
    """Scale the group up to its last step but one; return the step that sets the bounds."""
    steps = ScaleInstanceGroup(C, "nodes", low, high, patience=timedelta(seconds=30)).steps()
    for step in steps:
        attempt(step, session_of(fleet))
        if step.name == "set bounds":
            return step
    raise AssertionError("no step sets bounds")


def failed(fleet: Fleet, verb: str) -> str:
    """Scale the group from three to four where a call of kops fails; return the hint."""
    step = next(s for s in ScaleInstanceGroup(C, "nodes", 3, 4).steps() if s.name == "set bounds")
    fleet.fails = lambda _number: KopsError("no") if fleet.called[-1] == verb else None
    with pytest.raises(KopsError) as caught:
        attempt(step, session_of(fleet))
    return str(caught.value.hint)


def test_it_is_the_whole_command(fleet: Fleet) -> None:
    assert set_bounds(fleet, 3, 4).told_back == BACK


def test_bounds_that_were_stored_before_are_taken_back_to_those_of_the_cloud(fleet: Fleet) -> None:
    store(fleet, maxSize=4)

    assert set_bounds(fleet, 3, 4).told_back == BACK


def test_where_the_cloud_had_these_bounds_it_is_that_of_an_update(fleet: Fleet) -> None:
    store(fleet, suspendProcesses=["AZRebalance"])

    step = set_bounds(fleet, 3, 3)

    assert step.takes_back
    assert "earlier bounds" not in step.told_back
    assert "snapshot" in step.told_back


@pytest.mark.parametrize("verb", ["update_preview", "update"])
def test_a_failure_after_the_bounds_were_stored_names_the_earlier_ones(
    fleet: Fleet, verb: str
) -> None:
    assert f"taken back so: {BACK}" in failed(fleet, verb)


def test_a_failure_before_the_bounds_were_stored_has_nothing_to_take_back(fleet: Fleet) -> None:
    assert "taken back" not in failed(fleet, "store_edited_group")
    assert "taken back" not in failed(fleet, "get_definition")
