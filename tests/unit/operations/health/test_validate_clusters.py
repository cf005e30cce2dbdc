"""Every cluster is looked at: fault 60, nothing did so by itself."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import (
    ApiUnreachable,
    ClusterNotFound,
    ClusterNotReady,
    DefinitionRejected,
    InvalidInput,
    KledError,
    NotYetApplied,
    Throttled,
)
from kled.operations.fleet import all_clusters
from kled.operations.fleet.all_clusters import Answer
from kled.operations.health.validate_clusters import AT_ONCE, ValidateClusters, summary_of
from kled.operations.runner import run, run_to_end
from kled.operations.step import attempt
from tests.unit.operations.looking import HEALTHY, HELD, SICK, Watched

PATIENCE = timedelta(minutes=5)


@pytest.fixture
def fleet(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def named(*names: str) -> list[str]:
    return [f"{name}.example.com" for name in names]


A, B, C = named("a", "b", "c")


def look(fleet: Watched, patience: timedelta = PATIENCE) -> tuple[Answer, ...]:
    """Look at the fleet; the error, if any, is that of `failure`."""
    return run(ValidateClusters(patience), fleet.session()).result


def failure(fleet: Watched, patience: timedelta = PATIENCE) -> tuple[KledError, dict[str, str]]:
    """Return the error of a look, and the state of each cluster."""
    report = run_to_end(ValidateClusters(patience), fleet.session())
    assert report.error is not None
    return report.error, {one.cluster: one.state for one in report.result or ()}


def test_all_are_healthy(fleet: Watched) -> None:
    fleet.answers = {A: HEALTHY, B: HEALTHY}

    answers = look(fleet)

    assert summary_of(answers) == "2 clusters healthy"
    assert fleet.naps == []


def test_one_bad_cluster_does_not_keep_the_others_from_being_looked_at(fleet: Watched) -> None:
    fleet.answers = {A: DefinitionRejected("spec.x is bad"), B: SICK, C: HEALTHY}
    fleet.problems = {"d.example.com": "its config is damaged"}

    error, states = failure(fleet)

    assert states == {A: "unreadable", "d.example.com": "unreadable", B: "waiting", C: "ok"}
    assert list(states) == [A, "d.example.com", B, C], "the worst come first"
    assert (error.exit_code, error.message) == (
        1,
        f"2 of 4 clusters cannot be read: {A}, d.example.com",
    )
    assert "1 of 4 clusters are not healthy: b.example.com" in str(error.hint)


def test_one_that_is_not_healthy_ends_with_3(fleet: Watched) -> None:
    fleet.answers = {A: HEALTHY, B: SICK, C: ApiUnreachable("its API does not answer")}

    error, states = failure(fleet)

    assert isinstance(error, ClusterNotReady)
    assert (error.exit_code, states[C]) == (3, "waiting")
    assert error.message == f"2 of 3 clusters are not healthy: {B}, {C}"


def test_one_failed_look_says_little(fleet: Watched) -> None:
    """Nodes come and go: kops#8707, #8078."""
    fleet.answers = {A: HEALTHY, B: [SICK, SICK, HEALTHY], C: [Throttled("slow down"), HEALTHY]}

    answers = look(fleet)

    assert {one.state for one in answers} == {"ok"}
    assert fleet.naps == [30, 30]
    assert fleet.looks.count(A) == 1, "those that are healthy are not asked again"
    assert fleet.looks.count(B) == 3


def test_the_patience_ends(fleet: Watched) -> None:
    fleet.answers = {A: SICK}

    failure(fleet, timedelta(seconds=70))

    assert fleet.naps == [30, 30, 10]
    assert fleet.looks == [A] * 4


def test_without_patience_each_is_looked_at_once(fleet: Watched) -> None:
    fleet.answers = {A: SICK, B: HEALTHY}

    failure(fleet, timedelta(0))

    assert (fleet.looks.count(A), fleet.naps) == (1, [])


@pytest.mark.parametrize("ends", [False, True], ids=["it goes on", "it ends meanwhile"])
def test_a_cluster_that_is_being_changed_is_not_called_unhealthy(
    fleet: Watched, *, ends: bool
) -> None:
    """A rolling update makes kops' validation fail: no wolf is cried."""
    fleet.answers = {A: HEALTHY, B: SICK}
    lease = replace(HELD, cluster=B)
    fleet.lease(B, lease)
    after = lease.released() if ends else lease.renewed()
    fleet.meanwhile = lambda: fleet.lease(B, after)

    answers = look(fleet)

    assert summary_of(answers) == f"1 cluster healthy, 1 changing ({B})"
    (row,) = [one for one in answers if one.cluster == B]
    assert "it is being changed: kled kops rolling-update (ada) on host-a" in row.words


def test_a_change_that_begins_meanwhile_counts_too(fleet: Watched) -> None:
    fleet.answers = {B: SICK}
    fleet.meanwhile = lambda: fleet.lease(B, replace(HELD, cluster=B))

    assert [one.state for one in look(fleet)] == ["changing"]


@pytest.mark.parametrize("released", [False, True], ids=["of a dead holder", "given back"])
def test_a_lease_that_does_not_move_excuses_nothing(fleet: Watched, *, released: bool) -> None:
    fleet.answers = {B: SICK}
    lease = replace(HELD, cluster=B)
    fleet.lease(B, lease.released() if released else lease)

    _, states = failure(fleet)

    assert states == {B: "waiting"}


def test_a_lease_that_cannot_be_read_excuses_nothing(fleet: Watched) -> None:
    fleet.answers = {B: SICK}
    path = fleet.root / "state" / ".kled" / "leases"
    path.mkdir(parents=True)

    def damage() -> None:
        (path / f"{B}.json").write_text("{")

    fleet.meanwhile = damage

    assert failure(fleet)[1] == {B: "waiting"}


def test_a_cluster_that_was_never_applied_is_neither(fleet: Watched) -> None:
    """`create-cluster` without `--yes` stores it, and nothing is there that could be healthy."""
    fleet.answers = {A: HEALTHY, B: NotYetApplied("it was never applied")}

    answers = look(fleet)

    assert summary_of(answers) == f"1 cluster healthy, 1 not applied ({B})"
    assert fleet.naps == []


def test_a_fleet_of_none_is_never_green(fleet: Watched) -> None:
    """An unmounted store looks like that."""
    error, states = failure(fleet)

    assert isinstance(error, ClusterNotFound)
    assert (error.exit_code, states) == (1, {})
    assert error.message.endswith("/state holds no cluster")


def test_clusters_that_sleep_are_left_out(fleet: Watched) -> None:
    fleet.answers = {A: HEALTHY, B: SICK}
    (step,) = ValidateClusters(skip=(B, "gone.example.com")).steps()

    assert attempt(step, fleet.session()) == "1 cluster healthy"
    assert fleet.looks == [A]
    (step,) = ValidateClusters(skip=(A, B)).steps()
    with pytest.raises(InvalidInput, match="leaves out all of 2 clusters"):
        attempt(step, fleet.session())


def test_every_state_of_an_answer_has_its_place_in_a_list() -> None:
    names = {name: value for name, value in vars(all_clusters).items() if name.isupper()}
    states = {value for value in names.values() if isinstance(value, str)}

    ordered = sorted((Answer(A, state, "") for state in states), key=all_clusters.worst_first)
    assert [one.state for one in ordered][:2] == ["unreadable", "refused"]
    assert ordered[-1].state == "ok"


def test_of_a_large_fleet_few_are_asked_at_once_and_all_are(fleet: Watched) -> None:
    names = [f"c{number:03}.example.com" for number in range(200)]
    fleet.answers = dict.fromkeys(names, HEALTHY)

    answers = look(fleet)

    assert sorted(fleet.looks) == names
    assert [one.cluster for one in answers] == names
    assert fleet.most <= AT_ONCE
