"""What only the server knows is kept and named. Faults 15 and 49."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from prefect.client.schemas.responses import DeploymentResponse

from deployments.catalog import CatalogEntry, Schedule
from deployments.merging import merge
from tasks.running.language import EarlierSpelling

ENTRY = CatalogEntry(
    "default",
    "flows.x.x",
    "",
    ("kled",),
    {"level": 1},
    "kled",
    {"REGION": "eu"},
    (Schedule("daily", "7 4 * * *", "UTC", active=True),),
)


def deployment(**fields: Any) -> DeploymentResponse:
    now = datetime.now(UTC)
    own = {"id": uuid4(), "created": now, "updated": now, "name": "default", "flow_id": uuid4()}
    return DeploymentResponse.model_validate(own | fields)


def schedule(slug: str | None, **timing: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"id": uuid4(), "created": now, "updated": now, "slug": slug, "schedule": timing}


def test_what_the_file_says_holds_and_the_rest_stays() -> None:
    there = deployment(
        tags=["ui", "kled"],
        parameters={"level": 4, "clusters": ["a.example.com"]},
        job_variables={"env": {"REGION": "us", "MORE": "1"}, "stream_output": False},
        paused=True,
        schedules=[schedule("daily", cron="0 0 * * *"), schedule(None, cron="1 1 * * *")],
    )

    merged = merge(there, ENTRY, {"level", "clusters"})

    assert merged.fields == {
        "parameters": {"level": 1, "clusters": ["a.example.com"]},
        "job_variables": {"env": {"REGION": "eu", "MORE": "1"}, "stream_output": False},
        "tags": ["kled", "ui"],
    }
    assert merged.kept == (
        "its pause",
        "schedule 1 1 * * *",
        "parameter clusters",
        "tag ui",
        "variable MORE",
        "job variable stream_output",
    )
    assert merged.dropped == ()


def test_a_default_that_the_flow_no_longer_takes_is_dropped_and_named() -> None:
    merged = merge(deployment(parameters={"name": "c.example.com"}), ENTRY, {"cluster", "level"})

    assert merged.fields["parameters"] == {"level": 1}
    assert merged.dropped == ("parameter name",)


def test_a_default_in_an_earlier_spelling_is_kept_in_today_s() -> None:  # fault 16
    earlier = {"cluster": EarlierSpelling("name"), "patience": EarlierSpelling("wait", "m")}
    there = deployment(parameters={"cluster": "c.example.com", "patience": 30})

    merged = merge(there, ENTRY, {"name", "wait", "level"}, earlier)

    assert merged.fields["parameters"] == {"name": "c.example.com", "wait": "30m", "level": 1}
    assert merged.dropped == ()
    assert merged.respelled == (
        "cluster=c.example.com is an earlier spelling: write name=c.example.com",
        "patience=30 is an earlier spelling: write wait=30m",
    )


def test_schedules_of_every_kind_are_named_as_they_were_written() -> None:
    there = deployment(
        schedules=[
            schedule(None, interval=timedelta(hours=6), anchor_date=datetime.now(UTC)),
            schedule("yearly", rrule="FREQ=YEARLY"),
        ]
    )

    kept = merge(there, ENTRY, {"level"}).kept

    assert kept == ("schedule 6:00:00", "schedule FREQ=YEARLY")


def test_a_deployment_that_carries_no_rules_is_known() -> None:
    """As `prefect deploy` leaves it: decision 35."""
    lost = deployment(job_variables={"env": {"REGION": "eu"}})
    older = deployment(job_variables={"env": {"KLED_APPROVAL": "{}"}})

    assert merge(lost, ENTRY, set()).lost
    assert not merge(older, ENTRY, set()).lost
