"""A roll that was interrupted is seen, and what it had cordoned is given back by the next one."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kled.kops.facts.roll_log import SCHEDULED
from kled.models.rolling import Roll
from kled.operations.fleet.all_clusters import OK, ask_what_is_pending, look_for_pending
from kled.operations.records import roll_journal
from kled.operations.records.roll_journal import Journal, OpenRoll
from kled.operations.roll import interrupted_roll
from kled.operations.roll.roll_cluster import Pace, roll_step
from kled.operations.step import attempt
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, lease_of_another, session_of

TAINT = {"key": SCHEDULED, "effect": "PreferNoSchedule"}


@pytest.fixture(params=[False, True], ids=["what needs it", "forced"])
def fleet(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Two machines that are up to date; a roll was interrupted when it had cordoned the first."""
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 2)
        fleet.kubernetes.node("nodes-1", unschedulable=True, taints=[TAINT])
        fleet.kubernetes.node("nodes-2", unschedulable=True)  # somebody else's
        begun = OpenRoll(("nodes-2",), forced=request.param)
        roll_journal.RECORD.write(session_of(fleet), C, Journal(begun))
        yield fleet


def test_a_plan_says_it_though_nothing_is_to_change(fleet: Fleet) -> None:  # fault 20
    found = look_for_pending(session_of(fleet), C)

    assert found.plan.is_empty
    assert found.rolling.is_empty
    assert found
    assert f"kled kops rolling-update --name={C} --yes" in str(found.interrupted)
    assert str(found.as_json()["interrupted"]).startswith("a rolling update was interrupted")


def test_the_command_that_is_named_gives_back_what_was_cordoned(fleet: Fleet) -> None:  # fault 20
    step = roll_step(C, Roll(), Pace())

    assert "uncordoned first: nodes-1" in attempt(step, session_of(fleet))
    assert fleet.cordoned() == ["nodes-2"]
    assert interrupted_roll.words(session_of(fleet), C) is None
    assert attempt(step, session_of(fleet)) == "no machine needs to be replaced"
    assert fleet.ended == []


def test_a_forced_one_can_be_gone_on_with(fleet: Fleet) -> None:
    forced = roll_journal.read(session_of(fleet), C).begun == OpenRoll(("nodes-2",), forced=True)

    assert ("--force --yes" in str(interrupted_roll.words(session_of(fleet), C))) == forced


def test_one_of_a_group_is_gone_on_with_in_that_group_alone(fleet: Fleet) -> None:
    """The command of all groups replaced a control plane that nobody had asked for."""
    begun = OpenRoll((), forced=True, groups=("nodes",))
    roll_journal.RECORD.write(session_of(fleet), C, Journal(begun))

    interrupted = str(interrupted_roll.words(session_of(fleet), C))

    roll = f"kled kops rolling-update --name={C} --instance-group=nodes"
    assert f"needs it: {roll} --yes; go on" in interrupted
    assert interrupted.endswith(f"replacing every machine of nodes: {roll} --force --yes")


def test_one_that_is_asked_for_more_groups_is_on_record_with_those(fleet: Fleet) -> None:
    session = session_of(fleet)
    fleet.group("more", 1)
    only = OpenRoll(("nodes-2",), forced=True, groups=("nodes",))
    roll_journal.RECORD.write(session, C, Journal(only))

    def die(_name: str, _act: object) -> None:
        raise KeyboardInterrupt

    session.part = die
    with pytest.raises(KeyboardInterrupt):
        attempt(roll_step(C, Roll(force=True), Pace()), session)

    assert roll_journal.read(session, C).begun == replace(only, groups=())


def test_one_that_lives_is_under_way_and_names_no_command(fleet: Fleet) -> None:
    """While it paused, it was called interrupted, and people were told to begin another one."""
    written = lease_of_another(fleet)

    living = look_for_pending(session_of(fleet), C)

    assert living.interrupted is None
    assert living.under_way == (
        "a rolling update is under way (held by kled run roll-cluster (ada) on host-a (pid 7, run"
        " run 1)); look again when it has ended"
    )
    assert not living

    long_ago = time.time() - 120
    os.utime(written, (long_ago, long_ago))
    dead = look_for_pending(session_of(fleet), C)

    assert dead.under_way is None
    assert str(dead.interrupted).startswith("a rolling update was interrupted")


def test_of_all_clusters_one_that_is_being_rolled_does_not_wait_for_a_roll(fleet: Fleet) -> None:
    lease_of_another(fleet)

    answer = ask_what_is_pending(session_of(fleet), C)

    assert (answer.state, answer.mend) == (OK, "")
    assert answer.words.startswith("a rolling update is under way")
