"""The summary that becomes the artifact of a flow run."""

import pytest

from kled.errors import ClusterNotReady
from kled.operations.runner import Report, Row
from tasks.running.summary import duration, key, markdown

REPORT = Report(
    "create cluster",
    "Prod.example.com",
    (
        Row("store definition", "done", 4.23, 1, "stored"),
        Row("validate cluster", "failed", 1800, 150, "node a|b\nis not ready"),
    ),
)


def test_each_step_is_one_row_whatever_its_words() -> None:
    lines = markdown(REPORT).splitlines()

    assert "| store definition | done | 4.2 s | 1 | stored |" in lines
    assert "| validate cluster | failed | 30 min 0 s | 150 | node a\\|b\\\\nis not ready |" in lines


def test_an_error_stands_below_with_its_hint() -> None:
    text = markdown(REPORT, error=ClusterNotReady("not healthy", hint="look at the nodes"))

    assert text.endswith("**ClusterNotReady**: not healthy\n\nHint: look at the nodes\n")


def test_the_next_commands_can_be_copied() -> None:
    text = markdown(REPORT, then=("kubectl get nodes",))

    assert text.endswith("```sh\nkubectl get nodes\n```\n")


def test_the_key_has_only_what_prefect_takes() -> None:
    assert key(REPORT) == "create-cluster-prod-example-com"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (3900, "1 h 05 min"),
    ],
)
def test_durations_are_written_as_people_write_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_two_environments_share_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 57: their clusters of one name had one key, and each other's versions."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "11111111-2222-3333-4444-555555555555")
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__NAME", "Staging_EU")

    assert key(REPORT) == "create-cluster-prod-example-com-staging-eu"
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__NAME", "default")
    assert key(REPORT) == "create-cluster-prod-example-com"
