"""What an interrupted command tells of how far it came. Fault 21."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kled.cli.frame.interruption import (
    Interruptible,
    add_when_interrupted,
    notes,
    tell_when_interrupted,
)
from kled.cli.frame.signals import LAST_WORDS
from kled.operations.runner import Row, Silent
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.step import ADDS_ONLY, Step
from tests.unit.cli.test_every_option import commands

C = "c.example.com"


class Screen(Silent):
    def line(self, _line: str) -> None:
        """Show nothing."""

    def note(self, _words: str) -> None:
        """Show nothing."""

    def waits(self, _what: str, _lines: Sequence[str]) -> None:
        """Show nothing."""


@dataclass
class Lease:
    released: bool = True
    lost: bool = False
    lease: Any = field(
        default_factory=lambda: SimpleNamespace(cluster=C, ttl=timedelta(seconds=60))
    )


def session(lease: Lease | None, *, drives_kops: bool = True) -> Any:
    return SimpleNamespace(lease=lease, drives_kops=drives_kops)


def step(name: str, way_back: str = "put it back", *, reads: bool = False) -> Step:
    return Step(name, lambda _session: "", way_back=way_back, reads=reads)


def halfway(*steps: Step, done: int, rest: str = "the rest") -> Interruptible:
    """An operation that is at the last of these steps, or through with `done` of them."""
    watching = Interruptible("update cluster", Screen(), rest)
    for number, one in enumerate(steps, 1):
        watching.started(one)
        if number <= done:
            watching.ended(Row(one.name, "done", 1.0, 1, ""))
    return watching


CHECK, SNAPSHOT, UPDATE = (
    step("check", reads=True),
    step("snapshot", ADDS_ONLY),
    step("update"),
)


def test_before_it_begins_nothing_was_changed() -> None:
    assert halfway(done=0).lines() == [
        "update cluster had not begun",
        "nothing was changed",
        "the same command starts from the beginning",
    ]


def test_a_run_that_waited_for_an_approval_says_so() -> None:
    """It said what had been done before, and not one word of what it waited for."""
    watching = halfway(CHECK, done=1)
    watching.waits("an approval", ["update-cluster waits", "look and answer: kled approve 3f0c"])
    waited = watching.lines()
    watching.started(UPDATE)

    assert waited[0] == "update cluster was waiting for an approval"
    assert "nothing was changed" in waited
    assert watching.lines()[0] == "update cluster was at: update, for 0 s"


def test_the_step_it_was_at_and_those_before_are_named_with_what_has_ended() -> None:
    watching = halfway(CHECK, SNAPSHOT, UPDATE, done=2)
    watching.opened(session(Lease()))

    assert watching.lines() == [
        "update cluster was at: update, for 0 s",
        "done before: check, snapshot",
        f"kops has ended; the lease of {C} is free",
        "the rest",
    ]


def test_what_only_looked_and_added_a_snapshot_says_so() -> None:
    assert "nothing was changed" in halfway(CHECK, done=0).lines()
    assert "nothing was changed, but a snapshot may have been added" in (
        halfway(CHECK, SNAPSHOT, done=1).lines()
    )


def test_a_backup_and_a_mirror_only_add() -> None:
    for operation in (BackUpState(), MirrorSnapshots("file:///second")):
        assert [one.way_back for one in operation.steps()] == [ADDS_ONLY]


@pytest.mark.parametrize(
    ("lease", "words"),
    [
        (Lease(released=False), f"kops has ended; the lease of {C} lapses in 60 s"),
        (Lease(released=False, lost=True), f"kops has ended; the lease of {C} is free"),
        (None, "kops has ended"),
    ],
)
def test_a_lease_that_could_not_be_released_is_not_said_to_be_free(
    lease: Lease | None, words: str
) -> None:
    watching = halfway(UPDATE, done=0)
    watching.opened(session(lease))

    assert words in watching.lines()


def test_where_nothing_was_waited_for_the_watchdog_is_named() -> None:
    watching = halfway(UPDATE, done=0, rest="")
    watching.opened(session(Lease(released=False)))

    assert watching.hurried()[-1] == (
        f"its watchdog ends kops and frees the lease of {C} within 60 s"
    )


def test_the_innermost_tells_and_a_line_can_be_added() -> None:
    with (
        pytest.raises(KeyboardInterrupt) as raised,
        tell_when_interrupted(lambda: ["outside"], list),
        add_when_interrupted("by the way"),
        tell_when_interrupted(lambda: ["inside"], list),
    ):
        raise KeyboardInterrupt

    assert notes(raised.value) == ["inside", "by the way"]


def test_an_error_of_its_own_carries_nothing() -> None:
    before = LAST_WORDS.lines

    with (
        pytest.raises(ValueError, match="no") as raised,
        tell_when_interrupted(lambda: ["told"], list),
    ):
        raise ValueError("no")

    assert notes(raised.value) == []
    assert LAST_WORDS.lines is before


ACTING = {
    "approve": "a run that still waits was not answered: kled approve lists those",
    **dict.fromkeys(
        ["break", "configure-state-store", "deploy", "install", "start", "stop", "undeploy"],
        "the same command does only what is left",
    ),
}
"""What changes something outside of an operation, and so says no word of nothing."""


def test_what_acts_by_itself_does_not_say_that_nothing_was_changed() -> None:
    told = {path.split()[-1]: command.again for path, command in commands()}  # type: ignore[attr-defined]

    assert {name: told[name] for name in ACTING} == {name: (ACTING[name],) for name in ACTING}
    others = {again for name, again in told.items() if name not in ACTING}
    assert others == {("nothing was changed", "the same command starts from the beginning")}
