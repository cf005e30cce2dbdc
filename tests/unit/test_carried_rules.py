"""Approval rules travel with a deployment, whole or not at all. Fault 44."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.carried_rules import decode, digest, encode, in_force, words
from kled.errors import NotApproved
from kled.rules import AREAS, Approval

STRICT = Approval(("deletions", "iam"), ("dev-*",), configured=True)
NOBODY = Approval()

rules = st.builds(
    Approval,
    st.lists(st.sampled_from(AREAS), unique=True).map(tuple),
    st.lists(st.text(min_size=1), max_size=3).map(tuple),
    configured=st.just(True),
)


@given(rules)
def test_rules_arrive_as_they_were_sent(approval: Approval) -> None:
    arrived = decode(encode(approval))

    assert (set(arrived.needed), set(arrived.automatic)) == (
        set(approval.needed),
        set(approval.automatic),
    )
    assert digest(arrived) == digest(approval)


def test_that_nobody_is_asked_arrives_too_and_is_no_loss_of_rules() -> None:
    assert decode(encode(NOBODY)) == NOBODY
    assert in_force(NOBODY, encode(NOBODY)) == NOBODY


def test_a_worker_without_rules_of_its_own_has_those_of_the_deployment() -> None:
    assert in_force(NOBODY, encode(STRICT)) == STRICT


def test_a_run_to_which_no_rules_came_is_refused_and_told_how_they_come() -> None:
    with pytest.raises(NotApproved, match="neither this deployment nor its worker") as refused:
        in_force(NOBODY, None)

    assert refused.value.exit_code == 6
    assert "kled deploy --environment=" in str(refused.value.hint)


def test_a_worker_that_has_rules_asks_by_them_where_the_deployment_brings_none() -> None:
    assert in_force(STRICT, None) == STRICT


@pytest.mark.parametrize("carried", [NOBODY, Approval(("iam",), configured=True)])
def test_rules_of_a_worker_that_differ_are_refused_and_both_are_named(carried: Approval) -> None:
    with pytest.raises(NotApproved, match="the approval rules differ") as refused:
        in_force(STRICT, encode(carried))

    assert words(STRICT) in refused.value.message
    assert words(carried) in refused.value.message


def test_the_same_rules_in_another_order_are_the_same() -> None:
    mixed = Approval(("iam", "deletions", "iam"), ("dev-*",), configured=True)

    assert in_force(mixed, encode(STRICT)) == STRICT


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{}",
        "[]",
        "3",
        "[" * 100_000,
        encode(STRICT)[:-9],
        json.dumps({**json.loads(encode(STRICT)), "needed": []}),
        json.dumps({**json.loads(encode(STRICT)), "automatic": ["*"]}),
        json.dumps({**json.loads(encode(STRICT)), "configured": False}),
        json.dumps({**json.loads(encode(STRICT)), "needed": ["all"]}),
    ],
    ids=str,
)
def test_rules_that_were_changed_or_cut_on_the_way_are_refused(value: str) -> None:
    with pytest.raises(NotApproved, match="KLED_APPROVAL"):
        in_force(NOBODY, value)


def test_rules_are_said_in_one_line() -> None:
    assert words(NOBODY).startswith("nobody is asked (rules ")
    assert words(STRICT).startswith("asked about deletions, iam, but not for dev-* (rules ")
