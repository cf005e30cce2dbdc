"""Which authorities a plan takes from machines, as the real kops shows it."""

from pathlib import Path

import pytest

from kled.kops.facts import user_data
from kled.kops.preview import update_plan
from kled.models.plan import Change, Plan

CAPTURES = Path(__file__).parents[3] / "captures/kops/1.36.2"
SWAPPED = "6618a00b7bd5b35aa22706f106e829c450499c81bdab8bfac2eb31cf7a1cc12c"


def plan(capture: str) -> Plan:
    return update_plan("f.example.com", (CAPTURES / capture / "stdout").read_text())


@pytest.mark.parametrize(
    ("capture", "taken"),
    [
        ("N-ca-secret-prev", {SWAPPED}),  # another key took its place
        ("N-ca-bad-prev", {SWAPPED}),  # the same one is lost, and another is about to be made
        ("37-reconcile-cluster", set()),  # a rotation adds two
        ("N-nl-bare-prev", set()),  # a label of nodes
        ("cp-14-update-preview-machinetype", set()),
    ],
)
def test_the_certificates_that_nodes_would_trust_no_more(capture: str, taken: set[str]) -> None:
    assert user_data.taken_away(plan(capture)) == taken


def difference(*lines: str) -> Plan:
    fields = {"UserData": "\n".join(("...", *lines))}
    return Plan("c", (Change("modify", "LaunchTemplate", "nodes.c", fields),))


LAST = ("+ NodeupConfigHash: b", "- NodeupConfigHash: a", "...")
GONE = ("-     -----BEGIN CERTIFICATE-----", "-     QUFB", "-     -----END CERTIFICATE-----")


def test_one_of_several_is_told() -> None:
    assert len(user_data.taken_away(difference(*GONE, *LAST))) == 1
    both = (*GONE, *GONE[:1], "-     QkJC", *GONE[2:])
    assert len(user_data.taken_away(difference(*both, *LAST))) == 2


def test_one_that_only_moves_is_not_taken_away() -> None:
    moved = tuple(f"+{line[1:]}" for line in GONE)

    assert user_data.taken_away(difference(*GONE, "      x", *moved, *LAST)) == frozenset()


def test_what_a_person_added_to_user_data_is_no_authority_of_the_cluster() -> None:
    assert user_data.taken_away(difference(*LAST, *GONE)) == frozenset()
    assert user_data.taken_away(difference(*GONE)) == frozenset()


def test_a_certificate_that_is_not_shown_as_a_whole_tells_nothing() -> None:
    assert user_data.taken_away(difference(GONE[0], "...", *GONE[1:], *LAST)) == frozenset()
