"""What a run says reaches those who look on, and its rules are those of its deployment."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kled import carried_times, config
from kled.errors import NotApproved, WindowClosed
from kled.operations.snapshots.prune import PruneSnapshots
from kled.rules import Notifications, Rules
from kled.rules import load as load_rules
from tasks.running import notifications, resources, windows
from tests.flows.box import Memory
from tests.unit.tasks.conftest import Kept


def test_how_far_a_long_step_is_reaches_the_caller(tmp_path: Path) -> None:
    # fault 59: `kled run` showed no note of a step, such as the machines that were replaced
    (tmp_path / "state").mkdir()
    settings = config.load(
        {"HOME": str(tmp_path), "KOPS_STATE_STORE": (tmp_path / "state").as_uri()}
    )
    memory = Memory()

    with (
        resources.call_with(settings, memory),
        resources.session(PruneSnapshots()) as session,
    ):
        session.note("1 of 2 machines replaced")

    assert memory.notes == ["1 of 2 machines replaced"]


@pytest.fixture
def on_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The run of a deployment, on a worker whose own file has a window on Mondays."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "11111111-2222-3333-4444-555555555555")
    (tmp_path / "own.toml").write_text(window("mon"))
    monkeypatch.setenv("KLED_CONFIG", str(tmp_path / "own.toml"))
    return monkeypatch


def window(day: str) -> str:
    return (
        f'[[maintenance-windows]]\ndays = ["{day}"]\nfrom = "02:00"\nto = "03:00"\n'
        'timezone = "UTC"\n'
    )


SATURDAY = datetime(2026, 11, 28, 2, 30, tzinfo=UTC)


def test_a_run_goes_by_the_windows_of_its_deployment_on_whatever_worker(
    on_a_worker: pytest.MonkeyPatch, kept: Kept
) -> None:  # a member of fault 44
    with pytest.raises(WindowClosed):
        windows.wait_or_refuse("c.example.com", now=lambda: SATURDAY)

    rules = load_rules(tomllib.loads(window("sat")))
    on_a_worker.setenv("KLED_RULES", carried_times.encode(rules))
    for _ in range(2):
        windows.wait_or_refuse("c.example.com", now=lambda: SATURDAY)

    assert len([words for _, words in kept.said if "the maintenance windows differ" in words]) == 1


def test_windows_that_were_changed_on_the_way_let_nothing_be_changed(
    on_a_worker: pytest.MonkeyPatch,
) -> None:
    on_a_worker.setenv("KLED_RULES", '{"digest": "x"}')

    with pytest.raises(NotApproved, match="KLED_RULES"):
        windows.wait_or_refuse("c.example.com", now=lambda: SATURDAY)


def test_people_are_told_as_the_deployment_says(
    on_a_worker: pytest.MonkeyPatch, kept: Kept
) -> None:
    rules = Rules(notifications=Notifications(("env:KLED_TEST_NOWHERE",)))
    on_a_worker.setenv("KLED_RULES", carried_times.encode(rules))

    notifications.notify("failure", "it failed")

    assert "env:KLED_TEST_NOWHERE names nothing" in kept.said[-1][1]
