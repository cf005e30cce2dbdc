"""What a run leaves names its stores in each command: its reader's shell names others, or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kled import config
from kled.errors import KledError
from kled.operations.runner import Report, Row
from tasks.running import edge, reports, resources, summary
from tasks.running.resources import Unwatched, call_with

STORES = "--state=s3://of-the-worker --snapshot-store=s3://kept"
REPORT = Report(
    "edit cluster",
    "c.example.com",
    (Row("edit cluster", "done", 1, 1, "edited", "kled kops update-cluster --name=c"),),
)
ERROR = KledError("it is gone", hint="put it back: kled snapshot restore --name=c")


@pytest.fixture(autouse=True)
def stores(tmp_path: Path) -> Iterator[None]:
    env = {
        "HOME": str(tmp_path),
        "KOPS_STATE_STORE": "s3://of-the-worker",
        "KLED_SNAPSHOT_STORE": "s3://kept",
        "KLED_PROTECTED": "prod.*",
    }
    with call_with(config.load(env), Unwatched()):
        yield


def test_a_report_names_them_in_ways_back_next_commands_and_hints() -> None:
    document = reports.document(REPORT, then=("kled plan --name=c",), error=ERROR)

    assert document["steps"][0]["way_back"] == f"kled kops update-cluster --name=c {STORES}"
    assert document["next"] == ["kled plan --name=c --state=s3://of-the-worker"]
    assert document["error"]["hint"] == f"put it back: kled snapshot restore --name=c {STORES}"


def test_so_does_the_summary_that_people_read() -> None:
    text = summary.markdown(
        REPORT, then=("kled plan --name=c",), error=ERROR, complete=resources.complete
    )

    assert f"- edit cluster: kled kops update-cluster --name=c {STORES}\n" in text
    assert "kled plan --name=c --state=s3://of-the-worker\n" in text
    assert f"Hint: put it back: kled snapshot restore --name=c {STORES}\n" in text


def test_so_does_the_state_of_a_failed_run() -> None:
    assert f"kled snapshot restore --name=c {STORES})" in str(edge.failed_state(ERROR).message)


def test_so_do_commands_that_act_on_a_protected_cluster_by_its_name_once_more() -> None:
    told = resources.complete("kled snapshot restore --name=prod.example.com --yes")

    assert told.endswith(f"--yes --confirm=prod.example.com {STORES}")
