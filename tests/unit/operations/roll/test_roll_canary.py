"""A canary that would not go first is refused: nothing is rolled by mistake. Fault 16."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from kled import config
from kled.errors import InstanceGroupNotFound, InvalidInput
from kled.models.cluster import Instance, InstanceGroup
from kled.operations.guards.overrides import NOTHING
from kled.operations.records import roll_journal
from kled.operations.records.roll_journal import Journal, OpenRoll
from kled.operations.roll.roll_canary import canary_meant
from kled.operations.session import Session, Who
from kled.retry import Clock
from tests.fake_kops import FakeKops

C = "c.example.com"
GROUPS = ("nodes-us-east-1a", "nodes-us-east-1b", "spot")
MACHINE = "i-0123456789abcdef0"
GONE = "i-0fedcba9876543210"


class Kops(FakeKops):
    """Three groups, the first with a machine."""

    def instance_groups_list(self, _cluster: str) -> tuple[InstanceGroup, ...]:
        return tuple(InstanceGroup(name, "node", "t3.large", 1, 1, ()) for name in GROUPS)

    def instances_list(self, _cluster: str) -> tuple[Instance, ...]:
        return (Instance(MACHINE, f"{GROUPS[0]}.{C}", "NeedsUpdate"),)


Meant = Callable[..., str | None]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "state").mkdir()
    settings = config.load({"HOME": str(tmp_path), "KOPS_STATE_STORE": str(tmp_path / "state")})
    who, clock = Who("tester", "a run", timedelta(0)), Clock(time.monotonic, time.sleep)
    return Session(settings, cast("Any", Kops()), clock, who, None, overrides=NOTHING)


@pytest.fixture
def meant(session: Session) -> Meant:
    return lambda typed, groups=(): canary_meant(session, C, typed, groups)


@pytest.mark.parametrize(
    ("typed", "groups", "first"),
    [
        (None, (), None),
        (GROUPS[0], (), GROUPS[0]),
        ("spot", GROUPS, "spot"),
        (MACHINE, (), MACHINE),
        (MACHINE, GROUPS[:1], MACHINE),
    ],
)
def test_a_group_or_a_machine_goes_first(
    typed: str | None, groups: tuple[str, ...], first: str | None, meant: Meant
) -> None:
    assert meant(typed, groups) == first


@pytest.mark.parametrize("typed", ["nodes-us-east-1z", "spto", "nodes", "spot-", GONE])
def test_what_is_neither_is_refused_with_the_groups_there_are(typed: str, meant: Meant) -> None:
    with pytest.raises(InstanceGroupNotFound) as refused:
        meant(typed)

    assert refused.value.hint == f"the groups are {', '.join(GROUPS)}"


@pytest.mark.parametrize("typed", ["spot", MACHINE])
def test_one_that_is_not_rolled_is_refused(typed: str, meant: Meant) -> None:
    with pytest.raises(InvalidInput, match=f"{typed} is not among the instance groups"):
        meant(typed, GROUPS[1:2])


def test_a_machine_that_an_interrupted_roll_has_replaced_keeps_nobody_from_going_on(
    session: Session, meant: Meant
) -> None:
    roll_journal.RECORD.write(session, C, Journal(begun=OpenRoll(())))

    assert meant(GONE) is None
    with pytest.raises(InstanceGroupNotFound):
        meant("spto")
