"""Fault 32: what a run waits for is data: bounded, without secrets, read back as it was."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from kled.models.plan import Change, Plan
from kled.models.question import Question, without_secrets
from tests.unit.models.test_plan_changes import CHANGES

C = "prod.example.com"
UNTIL = datetime(2026, 11, 30, 3, 14, tzinfo=UTC)
PLAN = Plan(C, (Change("modify", "Subnet", "a", {"CIDR": "10/8 -> 10/9"}),))
QUESTION = Question(
    "update-cluster",
    PLAN,
    PLAN.digest,
    (("machines that roll", "2 of nodes (node)"),),
    {"networking": ("modify Subnet/a",)},
    UNTIL,
)


@given(CHANGES)
def test_a_question_reads_back_as_it_was_written(changes: list[Change]) -> None:
    plan = Plan(C, tuple(changes))
    asked = Question("f", plan, plan.digest, (), {}, UNTIL, "the answer has no name")

    for question in (asked, replace(asked, rolls=False), replace(asked, rolls=True, starter="a")):
        assert Question.from_json(json.loads(json.dumps(question.as_json()))) == question
    earlier = {key: one for key, one in asked.as_json().items() if key not in {"rolls", "starter"}}
    assert Question.from_json(earlier) == asked  # of a kled that did not say either


@pytest.mark.parametrize(
    "damage",
    [{"changes": 1}, {"until": "soon"}, {"until": "2026-11-30"}, {"touches": 3}, {"asked": []}],
)
def test_what_is_no_question_is_none(damage: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - no class of its own
        Question.from_json(QUESTION.as_json() | damage)


def test_it_says_why_and_until_when_with_the_timezone() -> None:
    berlin = timezone(timedelta(hours=1))
    question = Question("f", PLAN, "0", (), QUESTION.asked, UNTIL.astimezone(berlin))

    assert question.deadline == "2026-11-30 03:14 UTC"
    assert question.why == "networking: modify Subnet/a"


def test_values_are_without_secrets_and_no_longer_than_a_server_keeps() -> None:
    many = tuple(Change("create", "T", str(n), {"A": "x" * 5_000}) for n in range(1_000))
    plan = Plan(C, (Change("modify", "T", "SECRET", {"A": "SECRET -> b"}), *many))

    kept = without_secrets(plan, lambda text: text.replace("SECRET", "[redacted]"))

    assert kept.changes[0] == Change("modify", "T", "[redacted]", {"A": "[redacted] -> b"})
    assert kept.changes[1].fields["A"].endswith("… (1000 more characters)")
    assert len(kept.changes) == len(plan.changes)
    assert len(json.dumps(Question("f", kept, "0", (), {}, UNTIL).as_json())) < 1_200_000
