"""What a check of health tells, and what stays out of it."""

from datetime import timedelta
from typing import Any

from kled.models.health_finding import HealthFinding
from tasks.running.events import payload_of
from tasks.running.findings_table import MARKERS_MISSING, alarms, details_of, rows_of

A, B = "a.example.com", "b.example.com"
GONE = HealthFinding(
    A, "etcd markers", "etcd main", "failed", "created is missing", "do not restart", danger=True
)
OTHER = HealthFinding(A, "etcd markers", "etcd events", "failed", "asks for 1 member", "kled plan")
FINE = HealthFinding(B, "snapshots", "state", "ok", "young", rpo=timedelta(minutes=2))


def test_a_marker_that_is_missing_is_an_alarm_of_its_own() -> None:
    assert alarms((GONE, OTHER, FINE)) == [
        (
            MARKERS_MISSING,
            A,
            "etcd markers of etcd main: created is missing; do not restart",
        )
    ]


def test_an_event_has_what_is_not_well_with_its_cluster() -> None:
    details = details_of((GONE, OTHER, FINE))

    assert list(details) == [A]
    assert [row["about"] for row in details[A]] == ["etcd main", "etcd events"]


def test_no_secret_and_no_control_character_stands_in_an_event() -> None:
    secret = "hunter2-of-somebody"
    row: dict[str, Any] = {"words": f"https://user:{secret}@host \x1b[2J", "age_seconds": 3}

    sent = payload_of(A, "not healthy", [row] * 30)["payload"]["findings"]

    assert len(sent) == 20
    assert sent[0]["age_seconds"] == 3
    assert secret not in str(sent)
    assert "\x1b" not in str(sent)


def test_an_event_without_findings_is_as_it_was() -> None:
    assert payload_of(A, "well")["payload"] == {"cluster": A, "words": "well"}


def test_the_table_has_a_row_for_each_finding() -> None:
    first, *_, last = rows_of((GONE, OTHER, FINE))

    assert (first["state"], first["what to do"], first["recovery point"]) == (
        "failed",
        "do not restart",
        "",
    )
    assert last["recovery point"] == "120 seconds ago"
