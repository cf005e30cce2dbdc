"""The plan of a deletion: which keys and secrets go is part of what somebody agrees to."""

import os
from pathlib import Path

import pytest

from kled.models.plan import Plan
from kled.models.plan_changes import is_rest_of
from kled.operations.cluster.plan_deletion import plan_deletion
from tests.unit.operations.births import CA_KEY, C, Desk, definition

SECRET = "secrets/dockerconfig"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.kops.definition.store(definition())
    desk.put({CA_KEY: b"a key", SECRET: b"a secret"})
    return desk


def planned(desk: Desk) -> Plan:
    return plan_deletion(desk.session(), C)


@pytest.mark.parametrize("key", [CA_KEY, SECRET])
def test_one_that_was_replaced_by_another_of_its_length_makes_another_plan(
    desk: Desk, key: str
) -> None:
    before = planned(desk)
    path = desk.root / "state" / C / key
    replaced = path.read_bytes()[::-1]
    os.utime(path, (1, 1))

    path.write_bytes(replaced)

    assert planned(desk).digest != before.digest


def test_what_nobody_wrote_keeps_its_plan(desk: Desk) -> None:
    assert planned(desk).digest == planned(desk).digest


def test_what_a_killed_deletion_has_left_is_the_rest_of_its_plan(desk: Desk) -> None:
    before = planned(desk)

    (desk.root / "state" / C / CA_KEY).unlink()

    assert is_rest_of(planned(desk), before)


def test_no_value_and_no_tag_of_a_secret_stands_in_a_plan(desk: Desk) -> None:
    """A tag may be an MD5 of the content: four digits tell nobody which one it is."""
    identity = next(one for one in planned(desk).changes if one.kind == "keys and secrets")

    assert {len(value.split()[1]) for value in identity.fields.values()} == {4}
