"""A program is held back by what holds the command line back, and is told by an error's class."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kled.api import (
    ClusterNotFound,
    DefinitionRejected,
    InvalidInput,
    Kled,
    KledError,
    KopsMissing,
    LeaseHeld,
    NotApproved,
    Observer,
    Overrides,
    RestoreOptions,
    SettingsError,
    SnapshotMissing,
    WindowClosed,
)
from tests.api.worlds import GROUP, C, kled_of, lease_of, stored_cluster
from tests.boxes import Box

NOW = timedelta(0)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return stored_cluster(tmp_path)


def changed(kled: Kled, maximum: int = 4) -> None:
    kled.instance_groups.edit(C, "nodes", maximum=maximum)


def test_a_protected_cluster_is_deleted_by_its_name_alone(box: Box) -> None:
    kled = kled_of(box)
    protected = Kled(environment={**box.env, "KLED_PROTECTED": "c.*"})

    for confirm in (None, "other.example.com"):
        with pytest.raises(NotApproved):
            protected.clusters.delete(C, confirm=confirm)

    assert [one.name for one in kled.clusters.list()] == [C]
    assert lease_of(box).state == "released"
    protected.clusters.delete(C, confirm=C, unregister=True)
    assert kled.clusters.list() == ()


def test_a_group_of_a_protected_cluster_is_deleted_by_the_clusters_name(box: Box) -> None:
    kled = Kled(environment={**box.env, "KLED_PROTECTED": "c.*"})
    kled.instance_groups.create(C, "spot", subnets=["us-east-1a"])

    assert kled.instance_groups.plan_deletion(C, "spot").refusal is None
    with pytest.raises(NotApproved):
        kled.instance_groups.delete(C, "spot")
    kled.instance_groups.delete(C, "spot", confirm=C)

    assert "spot" not in {one.name for one in kled.instance_groups.list(C)}


def test_a_deletion_names_a_cluster_that_is_there(box: Box) -> None:
    with pytest.raises(ClusterNotFound):
        kled_of(box).clusters.delete("d.example.com")
    with pytest.raises(InvalidInput, match="is empty"):
        kled_of(box).clusters.delete("")


def test_a_plan_that_is_not_the_one_looked_at_is_not_applied(box: Box) -> None:
    kled = kled_of(box)
    plan = kled.clusters.plan_update(C)
    changed(kled)

    with pytest.raises(NotApproved, match=f"not {plan.digest[:12]}"):
        kled.clusters.update(C, digest=plan.digest)

    assert not plan.is_empty
    assert plan.refusal is None
    assert lease_of(box).state == "released"


@pytest.mark.parametrize("digest", ["", "a", "0" * 11, "G" * 64])
def test_what_approves_any_plan_is_no_digest(digest: str) -> None:
    """`"".startswith("")`: an empty variable would have approved whatever there is."""
    kled = Kled(environment={}, state_store="file:///nowhere")

    for refused in (
        lambda: kled.clusters.update(C, digest=digest),
        lambda: kled.clusters.delete(C, digest=digest),
        lambda: kled.clusters.reconcile(C, digest=digest),
        lambda: kled.clusters.roll(C, digest=digest),
        lambda: kled.instance_groups.scale(C, "nodes", size=3, digest=digest),
        lambda: kled.snapshots.restore(C, "latest", digest=digest),
    ):
        with pytest.raises(InvalidInput, match="is not 12 to 64 hexadecimal digits"):
            refused()


def test_outside_its_window_a_cluster_is_not_changed(box: Box, tmp_path: Path) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    rules = tmp_path / "rules.toml"
    rules.write_text(
        f'[[maintenance-windows]]\nclusters = ["c.*"]\ndays = ["{day}"]\n'
        'from = "02:00"\nto = "03:00"\ntimezone = "UTC"\n'
    )
    kled = kled_of(box, settings_file=rules)

    with pytest.raises(WindowClosed, match="02:00 UTC only"):
        changed(kled)
    assert isinstance(kled.clusters.plan_update(C).refusal, WindowClosed)

    changed(kled.overriding(Overrides(no_window=True)))
    assert [one.max_size for one in kled.instance_groups.list(C) if one.name == GROUP] == [4]


class Meanwhile(Observer):
    """Does something when the first step of a change begins."""

    def __init__(self, kled: Kled) -> None:
        self.kled, self.errors, self.steps = kled, list[KledError](), list[str]()

    def started(self, step: str) -> None:
        self.steps.append(step)
        if len(self.steps) == 1:
            try:
                changed(self.kled, 7)
            except KledError as error:
                self.errors.append(error)


def test_two_changes_of_one_cluster_exclude_each_other_in_one_process(box: Box) -> None:
    other = kled_of(box, lease_wait=NOW, owner="the other one")
    watching = Meanwhile(other)

    changed(kled_of(box, observer=watching, owner="the first one"))

    assert [type(error) for error in watching.errors] == [LeaseHeld]
    assert "the first one" in watching.errors[0].message
    assert watching.steps == ["check epoch", "take a snapshot", "edit instance group"]
    assert lease_of(box).state == "released"
    changed(other)  # and the next one finds it free


def test_threads_change_and_look_beside_each_other(box: Box) -> None:
    kled, seen, errors = kled_of(box), list[int](), list[KledError]()

    def look() -> None:
        try:
            seen.append(len(kled.clusters.list()))
        except KledError as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    changed(kled)
    for thread in threads:
        thread.join()

    assert (seen, errors) == ([1, 1, 1], [])


def test_an_observer_that_raises_ends_the_call_and_the_lease(box: Box) -> None:
    class Breaking(Observer):
        def started(self, step: str) -> None:
            raise ZeroDivisionError(step)

    with pytest.raises(ZeroDivisionError):
        changed(kled_of(box, observer=Breaking()))

    assert lease_of(box).state == "released"


def test_the_process_own_variables_are_not_looked_at(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in box.env.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match="no state store is named"):
        Kled(environment={"HOME": "/nowhere"}).clusters.list()
    with pytest.raises(KopsMissing):
        Kled(
            environment={"HOME": "/nowhere", "PATH": "/nowhere"},
            state_store=box.env["KOPS_STATE_STORE"],
        ).clusters.list()
    assert len(Kled.from_environment().clusters.list()) == 1
    assert Kled.from_environment({}).state_store is None


def test_settings_are_those_of_when_it_was_made(box: Box) -> None:
    variables = dict(box.env)
    kled = Kled(environment=variables)
    variables["KOPS_STATE_STORE"] = "file:///elsewhere"

    assert len(kled.clusters.list()) == 1
    assert kled.overriding(Overrides(no_epoch=True)).state_store == kled.state_store


def test_no_secret_is_in_a_repr_or_an_error(box: Box) -> None:
    secret = "hunter2-hunter2-hunter2"
    kled = Kled(environment={**box.env, "AWS_SECRET_ACCESS_KEY": secret})

    with pytest.raises(KledError) as told:
        kled.clusters.definition(f"{secret}.example.com")

    assert secret not in f"{told.value!r} {told.value} {told.value.hint}"
    assert secret not in f"{kled!r} {kled.clusters!r} {kled.snapshots!r}"
    assert "HOME" not in repr(kled)


def test_a_hint_names_the_stores_of_the_call(box: Box) -> None:
    plan = kled_of(box).clusters.plan_update(C)
    changed(kled_of(box))

    with pytest.raises(NotApproved) as told:
        kled_of(box).clusters.update(C, digest=plan.digest)

    assert f"--state={kled_of(box).state_store}" in (told.value.hint or "")


def test_a_refusal_of_a_plan_is_told_as_the_error_that_is_raised(box: Box) -> None:
    kled = kled_of(box)

    refusal = kled.instance_groups.plan_deletion(C, GROUP).refusal
    with pytest.raises(DefinitionRejected) as told:
        kled.instance_groups.delete(C, GROUP)

    assert isinstance(refusal, DefinitionRejected)
    assert (refusal.message, refusal.hint) == (told.value.message, told.value.hint)
    assert f"--state={kled.state_store}" in (refusal.hint or "")


def test_a_snapshot_is_taken_before_a_change_and_brings_it_back(box: Box) -> None:
    kled = kled_of(box)
    made = kled.snapshots.create([C])
    (before,) = [one.snapshot for one in made.clusters]
    assert before is not None
    changed(kled)

    planned = kled.snapshots.plan_restore(C, before)
    stale = "0" * 64
    with pytest.raises(NotApproved):
        kled.snapshots.restore(C, before, digest=stale)
    done = kled.snapshots.restore(C, before, digest=planned.digest)

    assert planned.refusal is None
    assert [(one.action, one.key) for one in planned.writes] == [
        ("replace", f"instancegroup/{GROUP}")
    ]
    assert (done.replaced, done.created, done.snapshot) == (1, 0, before)
    assert kled.snapshots.diff(C, before, "live") == ()
    assert [one.trustworthy for one in kled.snapshots.verify()] == [True]
    assert [one.cluster for one in kled.snapshots.list()].count(C) >= 1
    assert kled.snapshots.missing() == ()
    assert kled.snapshots.show(C, before)["trusted"] is True


def test_a_protected_cluster_is_restored_and_pruned_by_its_name(box: Box) -> None:
    kled = Kled(environment={**box.env, "KLED_PROTECTED": "c.*"})
    kled.snapshots.create()

    with pytest.raises(NotApproved):
        kled.snapshots.prune(C, keep={"last": 1})
    with pytest.raises(NotApproved):
        kled.snapshots.restore(C, "latest", options=RestoreOptions(delete_extra=True))

    assert kled.snapshots.prune(C, keep={"last": 1}, confirm=C).removed == ()
    assert kled.snapshots.restore(C, "latest", confirm=C).replaced == 0


def test_what_is_not_there_is_told_by_its_class(box: Box, tmp_path: Path) -> None:
    kled = kled_of(box)

    with pytest.raises(SnapshotMissing):
        kled.snapshots.verify(C)
    with pytest.raises(InvalidInput, match="names no cluster"):
        kled.snapshots.create([])
    with pytest.raises(InvalidInput, match="is one name"):
        kled.snapshots.create(C)
    with pytest.raises(InvalidInput, match="'weakly' is none of"):
        kled.snapshots.plan_prune(keep={"weakly": 1})
    with pytest.raises(InvalidInput, match="no time zone"):
        kled.snapshots.create(retain_until=datetime(2030, 1, 1))  # noqa: DTZ001 - the test's point
    with pytest.raises(SettingsError, match="no snapshot store"):
        Kled(environment={**box.env, "KLED_SNAPSHOT_STORE": ""}).snapshots.list()
    assert kled.epochs.read(C) is None
