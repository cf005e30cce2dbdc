"""Which lifecycle rules reach what clusters live by: kops#16416."""

import pytest

from kled.errors import CapabilityMissing, StoreDenied
from kled.models.health_finding import HealthFinding
from kled.operations.health.looks.lifecycle import (
    judge_snapshot_store,
    judge_state_store,
    place_of,
)
from kled.storage.lifecycle_rules import Lifecycle, LifecycleRule

A, B = "a.example.com", "b.example.com"
GONE = "after 30 days"


def of_state(*rules: LifecycleRule, url: str = "s3://bucket") -> list[HealthFinding]:
    return list(judge_state_store(place_of(url, [A, B]), Lifecycle(rules, look="aws s3api get")))


@pytest.mark.parametrize(
    ("prefix", "state"),
    [
        ("", "failed"),
        (A, "failed"),
        (f"{A}/backups/", "failed"),
        (f"{A}/backups/etcd/main/", "failed"),
        (f"{A}/backups/etcd/main/control/", "failed"),
        (f"{A}/backups/etcd/ma", "failed"),
        (f"{A}/pki/", "failed"),
        (f"{A}/backups/etcd/main/2026", "warning"),
        ("logs/", "ok"),
        ("c.example.com/", "ok"),
    ],
)
def test_a_rule_is_judged_by_what_its_prefix_reaches(prefix: str, state: str) -> None:
    (finding,) = of_state(LifecycleRule("tidy", (prefix,), deletes=GONE))

    assert finding.state == state


def test_a_rule_says_whom_it_reaches_and_what_to_do() -> None:
    (finding,) = of_state(LifecycleRule("tidy", (f"{A}/backups/",), deletes=GONE))

    assert finding.message == (
        f"rule tidy deletes after 30 days what lies below {A}/backups/, by which {A} may live"
    )
    assert finding.mend == (
        "disable it, or narrow its prefix to what nobody lives by: aws s3api get"
    )


def test_a_prefix_within_the_bucket_counts() -> None:
    rule = LifecycleRule("tidy", ("backups/",), deletes=GONE)

    assert [each.state for each in of_state(rule, url="s3://bucket/kops")] == ["ok"]
    assert [each.state for each in of_state(rule, url="s3://bucket/backups")] == ["failed"]


def test_a_rule_for_tags_alone_reaches_what_somebody_tags() -> None:
    (finding,) = of_state(LifecycleRule("tagged", deletes=GONE, tags=("temporary=yes",)))

    assert finding.state == "warning"
    assert "of objects that bear temporary=yes, as none does that kops wrote" in finding.message


def test_an_archived_object_cannot_be_read_when_a_machine_boots() -> None:
    (finding,) = of_state(LifecycleRule("cold", archives="after 9 days"))

    assert (finding.state, "archives after 9 days" in finding.message) == ("failed", True)


def test_a_rule_for_large_objects_reaches_backups_alone() -> None:
    (finding,) = of_state(LifecycleRule("large", deletes=GONE, larger_than=1 << 20))

    assert finding.state == "warning"


def test_older_versions_are_what_an_undelete_needs() -> None:
    (finding,) = of_state(LifecycleRule("older", forgets=GONE))

    assert finding.state == "ok"
    assert "rule older deletes older versions after 30 days: an undelete reaches no further" in (
        finding.message
    )


def test_each_bad_rule_has_a_line() -> None:
    rules = [LifecycleRule(name, deletes=GONE) for name in ("one", "two")]

    assert len(of_state(*rules)) == 2


def test_rules_that_may_not_be_asked_for_are_unknown_and_count() -> None:
    (finding,) = judge_state_store(place_of("s3://bucket", [A]), StoreDenied("no"))

    assert (finding.state, finding.is_unknown) == ("unknown", True)
    assert "s3:GetLifecycleConfiguration" in finding.mend


def test_rules_that_nobody_can_ask_for_are_unknown_and_count_as_nothing() -> None:
    error = CapabilityMissing("Azure does not tell", hint="az storage ...")
    (finding,) = judge_state_store(place_of("azureblob://x/y", [A]), error)

    assert (finding.state, finding.is_unknown, finding.mend) == ("unknown", False, "az storage ...")


@pytest.mark.parametrize(
    ("rule", "locked", "state"),
    [
        (LifecycleRule("tidy", deletes=GONE), False, "failed"),
        (LifecycleRule("tidy", deletes=GONE), True, "warning"),
        (LifecycleRule("tagged", deletes=GONE, tags=("t=1",)), False, "warning"),
        (LifecycleRule("older", forgets=GONE), False, "ok"),
        (LifecycleRule("logs", ("logs/",), deletes=GONE), False, "ok"),
        (LifecycleRule("blobs", ("kled/blobs/",), deletes=GONE), False, "failed"),
    ],
)
def test_no_rule_is_to_take_snapshots_away(
    rule: LifecycleRule, *, locked: bool, state: str
) -> None:
    (finding,) = judge_snapshot_store("s3://bucket/kled", Lifecycle((rule,), locked))

    assert finding.state == state
