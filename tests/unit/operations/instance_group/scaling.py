"""Scaling of a group of three, for tests: whole, interrupted, and what is left of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.step import attempt
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, session_of

FINISH = (
    f"finish it: kled kops scale-instance-group --name={C} --instance-group=nodes --min=2 --max=2"
    " --yes"
)
ABANDON = (
    "give the group back what it was: kled kops scale-instance-group"
    f" --name={C} --instance-group=nodes --abandon --yes"
)


@contextmanager
def three_groups(tmp_path: Path) -> Iterator[Fleet]:
    """A group of three, and others whose names begin or end like its own."""
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 3)
        fleet.group("nodes-b", 2)
        fleet.group("big.nodes", 2)
        yield fleet


def scale(
    fleet: Fleet, group: str, low: int | None, high: int | None, notes: list[str] | None = None
) -> dict[str, str]:
    """Scale a group; return what each step says."""
    session = session_of(fleet, notes)
    patience = timedelta(seconds=30)
    operation = ScaleInstanceGroup(C, group, low, high, patience=patience)
    return {step.name: attempt(step, session) for step in operation.steps()}


def interrupted_at(fleet: Fleet, verb: str) -> None:
    """Interrupt the scale-down of `nodes` to two machines when it makes that call."""

    def interrupt(_call: int) -> None:
        if fleet.called[-1] == verb:
            raise KeyboardInterrupt

    fleet.fails = interrupt
    with pytest.raises(KeyboardInterrupt):
        scale(fleet, "nodes", 2, 2)
    fleet.fails = lambda _call: None


def journal(fleet: Fleet) -> bool:
    return (fleet.scratch.parent / "state" / ".kled" / "scales" / f"{C}.json").exists()


def steady(fleet: Fleet, group: str = "nodes") -> bool:
    """Whether nothing is held back, cordoned or picked by a group."""
    return not (any(fleet.suspends(group)) or fleet.cordoned() or fleet.picked or journal(fleet))
