"""How long the certificates of keysets hold."""

from datetime import timedelta

import pytest

from kled.models.health_finding import HealthFinding
from kled.operations.health.looks.certificates import judge_certificates, judge_keyset
from tests.unit.operations.health.looks.clusters import DAY, NOW, C, Key, keyset, world

WARNED = timedelta(days=60)


def judged(*keys: Key) -> HealthFinding:
    return judge_keyset(C, "kubernetes-ca", keyset(*keys), NOW, WARNED)


def test_each_keyset_has_one_line() -> None:
    found = list(judge_certificates(world().stored(), NOW, WARNED))

    assert [finding.about for finding in found] == [
        "keyset kubernetes-ca",
        "keyset service-account",
    ]
    assert {finding.state for finding in found} == {"ok"}


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (61 * DAY, "ok", "the first key to expire, the primary one, holds until"),
        (59 * DAY, "warning", "the primary key 1 expires on 2027-01-22, in 59 days"),
        (timedelta(hours=3), "warning", "the primary key 1 expires on 2026-11-24, in 3 hours"),
        (timedelta(0), "failed", "the primary key 1 has expired on 2026-11-24"),
        (-3 * DAY, "failed", "the primary key 1 has expired on 2026-11-21, 3 days ago"),
    ],
)
def test_a_key_is_told_of_before_it_ends(left: timedelta, state: str, words: str) -> None:
    finding = judged(Key("1", NOW + left))

    assert (finding.state, finding.age) == (state, left)
    assert finding.message.startswith(words)


def test_the_worst_key_of_a_keyset_is_the_one_that_is_told() -> None:
    finding = judged(Key("1"), Key("2", NOW - DAY), Key("3", NOW + 9 * DAY))

    assert finding.message.startswith("the trusted key 2 has expired")
    assert f"kops distrust keypair kubernetes-ca 2 --name={C}" in finding.mend


def test_the_end_of_a_key_that_nobody_trusts_means_nothing() -> None:
    assert judged(Key("1"), Key("2", NOW - DAY, distrusted=True)).state == "ok"


def test_a_damaged_certificate_is_a_finding_of_its_keyset() -> None:
    finding = judged(Key("1"), Key("2", damaged=True))

    assert finding.state == "failed"
    assert finding.message == "the certificate of the trusted key 2 cannot be read"


@pytest.mark.parametrize("body", [b"", b"\xff", b"kind: Keyset", b"kind: Cluster\nspec: {}\n"])
def test_a_keyset_without_a_key_that_counts_is_a_finding(body: bytes) -> None:
    assert judge_keyset(C, "kubernetes-ca", body, NOW, WARNED).state == "failed"


def test_a_key_that_holds_from_tomorrow_on_shows_a_wrong_clock() -> None:
    finding = judged(Key("1", begins=NOW + 3 * DAY))

    assert (finding.state, "or the clock here is wrong" in finding.message) == ("warning", True)
