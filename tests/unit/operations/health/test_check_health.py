"""All looks together: one bad thing stops one thing, and the worst decides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import (
    ClusterNotFound,
    KledError,
    NotReadyInTime,
    NotYetApplied,
    StoreDenied,
)
from kled.models.health_finding import ALL, HealthFinding, worst_first
from kled.operations.health.check_health import CheckHealth, Fleet
from kled.operations.health.looks.stored import StoredCluster
from kled.operations.health.verdict import answers_of, in_words, require_healthy
from kled.operations.runner import Report, run_to_end
from kled.retry import Clock
from tests.unit.operations.health.looks.clusters import NOW, C, World, world
from tests.unit.operations.looking import HEALTHY, SICK, Watched

if TYPE_CHECKING:
    from kled.models.share import Share

A, B, D = "a.example.com", "b.example.com", "d.example.com"


@pytest.fixture
def fleet(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def put(fleet: Watched, cluster: str, made: World) -> None:
    """Put what a world has of its cluster into the state store of a fleet."""
    for entry in made.store.entries(f"{C}/"):
        path = fleet.root / "state" / entry.key.replace(C, cluster, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.store.get(entry.key).body)


def check(fleet: Watched, **wish: Any) -> Report[Any]:
    wish = {"now": lambda: NOW, **wish}
    return run_to_end(CheckHealth(**wish), fleet.session())


def bad_of(report: Report[Any]) -> Mapping[str, set[str]]:
    """Return what is not well, by cluster; that no snapshot store is named belongs to all."""
    bad: dict[str, set[str]] = {}
    for finding in report.result or ():
        if finding.state != "ok":
            bad.setdefault(finding.cluster, set()).add(f"{finding.look}: {finding.state}")
    return bad


def test_a_healthy_fleet_is_well_but_for_the_snapshots_that_nobody_asked_for(
    fleet: Watched,
) -> None:
    fleet.answers = {A: HEALTHY, B: HEALTHY}
    for cluster in (A, B):
        put(fleet, cluster, world())

    report = check(fleet)

    assert report.error is None
    assert bad_of(report) == {ALL: {"snapshots: warning"}}


def test_each_bad_cluster_is_told_and_hides_no_other(fleet: Watched) -> None:
    """A marker is gone from one, another does not validate, one cannot be loaded by kops."""
    fleet.answers = {A: HEALTHY, B: SICK}
    fleet.problems = {D: "its config is damaged"}
    without = world()
    without.store.delete(f"{C}/backups/etcd/main/control/etcd-cluster-created")
    put(fleet, A, without)
    put(fleet, B, world())
    put(fleet, D, world())

    report = check(fleet)

    assert bad_of(report) == {
        A: {"etcd markers: failed"},
        B: {"validation: failed"},
        D: {"validation: unknown"},
        ALL: {"snapshots: warning"},
    }
    assert report.error is not None
    assert report.error.exit_code == 1
    assert report.error.message == f"could not be looked at: {D} (validation)"
    assert f"not healthy: {A} (etcd markers), {B} (validation)" in str(report.error.hint)


def test_a_failed_look_ends_with_3(fleet: Watched) -> None:
    fleet.answers = {A: SICK}
    put(fleet, A, world())

    error = check(fleet).error

    assert isinstance(error, NotReadyInTime)
    assert (error.exit_code, error.message) == (3, f"not healthy: {A} (validation)")


def test_a_cluster_whose_objects_cannot_be_read_is_unknown() -> None:
    denied = StoredCluster(A, problem=StoreDenied("no"))
    fleet = Fleet((), {A: denied, B: StoredCluster(B)})

    (unread,) = fleet.findings

    assert (unread.cluster, unread.state) == (A, "unknown")
    assert unread.message == "the state store does not give what it has of it: no"
    assert list(fleet.readable) == [B]


def test_a_cluster_that_was_never_applied_has_nothing_to_lose(fleet: Watched) -> None:
    fleet.answers = {A: NotYetApplied("it was never applied")}
    (fleet.root / "state" / A).mkdir(parents=True)
    (fleet.root / "state" / A / "config").write_bytes(world().store.get(f"{C}/config").body)

    report = check(fleet)

    assert report.error is None
    assert [(each.look, each.state) for each in report.result if each.cluster == A] == [
        ("validation", "ok")
    ]


def test_stores_alone_can_be_looked_at_without_asking_kops_about_each(fleet: Watched) -> None:
    fleet.answers = {A: SICK}
    put(fleet, A, world())

    report = check(fleet, validates=False)

    assert report.error is None
    assert fleet.looks == []


def test_one_cluster_is_looked_at_by_its_name(fleet: Watched) -> None:
    fleet.answers = {A: HEALTHY, B: SICK}
    put(fleet, A, world())
    put(fleet, B, world())

    report = check(fleet, only=A)

    assert report.error is None
    assert {finding.cluster for finding in report.result} == {A, ALL}


def test_a_cluster_that_is_left_out_is_not_looked_at(fleet: Watched) -> None:
    fleet.answers = {A: HEALTHY, B: SICK}
    put(fleet, A, world())

    assert check(fleet, skip=(B,)).error is None


def test_a_state_store_without_clusters_fails(fleet: Watched) -> None:
    error = check(fleet).error

    assert isinstance(error, ClusterNotFound)


def finding(state: str, cluster: str = A, **more: Any) -> HealthFinding:
    return HealthFinding(cluster, "snapshots", "state", state, "words", **more)  # type: ignore[arg-type]


def test_the_worst_come_first() -> None:
    listed = [finding(state) for state in ("ok", "warning", "unknown", "failed")]

    assert [each.state for each in worst_first(listed)] == ["unknown", "failed", "warning", "ok"]


def test_what_nobody_can_ever_tell_decides_nothing() -> None:
    blind = finding("unknown", ALL, blind=True)

    require_healthy((blind, finding("warning")))
    assert worst_first([blind, finding("failed")])[0].state == "failed"
    with pytest.raises(KledError):
        require_healthy((replace(blind, blind=False),))


def test_findings_are_plain_data_with_whole_seconds() -> None:
    aged = finding("ok", age=timedelta(seconds=1.6), rpo=timedelta(minutes=2))

    assert aged.as_json() == {
        "cluster": A,
        "look": "snapshots",
        "about": "state",
        "state": "ok",
        "words": "words",
        "mend": "",
        "danger": False,
        "age_seconds": 2,
        "rpo_seconds": 120,
    }


def test_a_cluster_answers_with_all_that_is_wrong_with_it() -> None:
    found = (
        finding("failed"),
        finding("failed", mend="x"),
        finding("ok", B),
        finding("unknown", D),
    )

    assert [(answer.cluster, answer.state) for answer in answers_of(found)] == [
        (D, "unreadable"),
        (A, "waiting"),
        (B, "ok"),
    ]
    assert answers_of(found)[1].words == "snapshots of state: words, snapshots of state: words"


def test_counts_are_said_worst_first() -> None:
    found = [finding(state) for state in ("ok", "ok", "warning", "failed", "warning")]

    assert in_words(found) == "1 failed, 2 warnings, 2 ok"


def test_a_long_look_says_how_far_it_is(fleet: Watched) -> None:
    names = [f"c{number}.example.com" for number in range(8)]
    fleet.answers = dict.fromkeys(names, HEALTHY)
    shares: list[Share] = []
    session = fleet.session()
    session._on_share = shares.append
    ticks = iter(range(0, 1000, 3))
    session.clock = Clock(lambda: float(next(ticks)), lambda _seconds: None)

    run_to_end(CheckHealth(now=lambda: NOW), session)

    assert shares
    assert {share.total for share in shares} == {8}
    assert shares[-1].message == f"{shares[-1].done} of 8 clusters were asked"
