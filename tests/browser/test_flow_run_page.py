"""What an operator sees of a run in Prefect's own pages.

With KLED_TEST_SCREENSHOTS=docs/pictures (`make pictures`) the pictures of the documentation.
"""

import re
from pathlib import Path

import httpx
import pytest

from tests.browser.chromium import Page, page
from tests.browser.conftest import Place

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.prefect]

CLUSTER = "mycluster.example.com"
SUMMARY = "create-cluster-mycluster-example-com"
OLDEST = ("check settings: done", "store definition ...", "Retry 1/3 will start")
NEWEST = ("export kubeconfig: done", "validate cluster: done", "Retry 1/", "Cluster is starting")


def test_the_page_of_a_run_shows_steps_kops_retries_and_the_summary(
    place: Place, tmp_path: Path
) -> None:
    place.run("sandbox", "break", f"--dir={place.box}", "throttled", "calls=1")
    words = place.run(
        *("run", "create-cluster", f"name={CLUSTER}", "zones=us-east-1a", "node-count=2"),
        *(f"kubeconfig={place.box / 'kubeconfig'}", "--deployment=default"),
    )
    found = re.search(r"/runs/flow-run/([0-9a-f-]{36})", words)
    assert found, words

    address = f"{place.address}/runs/flow-run/{found[1]}"
    with page(address, tmp_path / "chromium", width=1280, height=2240) as shown:
        steps = task_runs(place, found[1])
        assert {"check settings", "store definition", "validate cluster"} <= set(steps), steps
        shown.shows("Completed", f"{len(steps)} Task runs", f"create {CLUSTER}", *OLDEST)
        newest_first(shown)
        shown.shows("kled.kops.output", *NEWEST)
        shown.settle()
        shown.picture(place.pictures / "flow-run.png")
        shown_ones = {"artifacts": {"type": {"any_": ["markdown"]}}}
        summaries = httpx.post(f"{place.address}/api/artifacts/filter", json=shown_ones).json()
        assert [one["key"] for one in summaries] == [SUMMARY]
        shown.go(f"{place.address}/artifacts/artifact/{summaries[0]['id']}")
        table = shown.shows("what happened", "export kubeconfig", "Next:", "kled kops validate-")
        shown.size(1400, 900)
        shown.shows("Start Time")  # what stands beside it comes later
        shown.settle()
        shown.picture(place.pictures / "flow-run-summary.png")
    assert re.search(r"check that it is new\s+done\s+\S+ s\s+2\s+no other", table), table
    assert re.search(r"validate cluster\s+done\s+\S+ s\s+\d+\s+3 nodes ready", table), table


def task_runs(place: Place, flow_run: str) -> list[str]:
    """The names of the task runs that the server holds of `flow_run`."""
    wanted = {"flow_runs": {"id": {"any_": [flow_run]}}}
    held = httpx.post(f"{place.address}/api/task_runs/filter", json=wanted).json()
    return [run["name"] for run in held]


def newest_first(shown: Page) -> None:
    """Turn the log round: the retries are near its end."""
    shown.run(
        "(() => { const one = [...document.querySelectorAll('select')]"
        ".find(e => e.innerText.includes('Newest to oldest'));"
        " one.value = 'TIMESTAMP_DESC';"
        " one.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
