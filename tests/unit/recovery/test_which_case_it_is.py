"""Which case it is: every combination of the deciding facts, and of those that are not known."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from kled.recovery.facts import VALUES, Case, Facts, case_of, possible

ALL = [
    Facts(**dict(zip(VALUES, way, strict=True)))
    for way in product(*((*values, None) for values in VALUES.values()))
]
"""Every combination, each fact known or not."""
ALIVE: dict[str, Any] = {"state": "whole", "cloud": "machines", "api": "ours"}
QUIET: dict[str, Any] = {"end": "none", "home": "here"}


def unknown_once_more(facts: Facts) -> list[Facts]:
    """The same facts, one of the known ones forgotten."""
    return [replace(facts, **{name: None}) for name in VALUES if getattr(facts, name) is not None]


def test_every_combination_gives_exactly_one_case() -> None:
    for facts in ALL:
        assert possible(facts), facts
        assert (case_of(facts) == "not-known") == (len(possible(facts)) > 1), facts


def test_whoever_knows_less_is_never_surer() -> None:
    for facts in ALL:
        for fewer in unknown_once_more(facts):
            assert possible(facts) <= possible(fewer), (facts, fewer)


def test_a_sure_case_stays_what_it_is_once_more_is_known() -> None:
    for facts in ALL:
        for fewer in unknown_once_more(facts):
            assert case_of(fewer) in {case_of(facts), "not-known"}, (facts, fewer)


def test_all_that_is_known_leaves_two_cases_for_silent_machines_alone() -> None:
    """A control plane that is dead and one that cannot be reached look the same from here."""
    torn = [facts for facts in ALL if not facts.unknown and len(possible(facts)) > 1]

    assert {(facts.state, facts.cloud, facts.api, facts.home) for facts in torn} == {
        ("whole", "machines", "silent", "here")
    }
    assert {possible(facts) for facts in torn} == {
        frozenset({"nothing-lost", "control-plane-lost"})
    }


@pytest.mark.parametrize(
    ("given", "case"),
    [
        ({}, "nothing-lost"),
        ({"state": "damaged"}, "state-lost"),
        ({"state": "gone"}, "state-lost"),
        ({"state": "store-gone"}, "state-lost"),
        ({"state": "gone", "api": "silent"}, "state-lost"),
        ({"api": "another"}, "state-lost"),
        ({"cloud": "no-control-plane", "api": "silent"}, "control-plane-lost"),
        ({"cloud": "no-control-plane", "api": "silent", "state": "gone"}, "several"),
        ({"cloud": "nothing", "api": "silent", "state": "store-gone"}, "region-lost"),
        ({"cloud": "nothing", "api": "silent", "state": "gone"}, "deleted"),
        ({"cloud": "nothing", "api": "silent"}, "deleted"),
        ({"cloud": "nothing", "api": "another", "state": "gone"}, "deleted"),
        ({"cloud": "nothing", "api": "silent", "state": "unapplied"}, "nothing-lost"),
        ({"cloud": "no-control-plane", "api": "silent", "state": "unapplied"}, "nothing-lost"),
        ({"state": "unapplied"}, "several"),
        ({"end": "begun"}, "deleted"),
        ({"end": "deleted", "cloud": "nothing", "api": "silent", "state": "gone"}, "deleted"),
        ({"end": "deleted", "state": "gone"}, "several"),
        ({"end": "deleted"}, "nothing-lost"),
        ({"end": "unregistered", "state": "gone"}, "state-lost"),
        ({"home": "elsewhere", "state": "gone"}, "elsewhere"),
        ({"api": "silent"}, "not-known"),
    ],
)
def test_the_case_is(given: dict[str, Any], case: Case) -> None:
    assert case_of(Facts(**{**ALIVE, **QUIET, **given})) == case


@pytest.mark.parametrize(
    ("given", "cases"),
    [
        ({"cloud": None}, {"nothing-lost"}),
        ({"cloud": None, "state": "gone"}, {"state-lost"}),
        ({"cloud": None, "api": "silent", "state": "gone"}, {"state-lost", "several", "deleted"}),
        (
            {"cloud": None, "api": None, "state": "store-gone"},
            {"state-lost", "several", "region-lost"},
        ),
        ({"home": None}, {"nothing-lost", "elsewhere"}),
    ],
)
def test_what_is_not_known_leaves(given: dict[str, Any], cases: set[Case]) -> None:
    assert possible(Facts(**{**ALIVE, **QUIET, **given})) == cases
