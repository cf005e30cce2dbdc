"""The look at all clusters, on a real Prefect server: fault 60."""

import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prefect.client.schemas.objects import State

from flows.validate_cluster import validate_cluster
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, ended, events, flow_run

pytestmark = pytest.mark.prefect


def looked(box: Box, memory: Memory) -> State[Any]:
    with call_with(box.settings(), memory):
        return ended(validate_cluster, wait="20s")


def rows(state: State[Any]) -> dict[str, dict[str, Any]]:
    (found,) = (
        one for one in artifacts(state) if one.key == "validate-clusters" and one.type == "table"
    )
    return {row["cluster"]: row for row in json.loads(found.data)}


def test_a_cluster_that_goes_bad_is_told_of_and_so_is_that_it_is_well_again(
    box: Box, memory: Memory
) -> None:
    mark = uuid.uuid4().hex[:12]
    well, stored = f"well-{mark}.example.com", f"stored-{mark}.example.com"
    where = ("--zones=us-east-1a", "--cloud=aws")
    box.must("create", "cluster", f"--name={well}", *where, "--yes")
    box.must("create", "cluster", f"--name={stored}", *where)
    config = Path(urlsplit(box.env["KOPS_STATE_STORE"]).path) / stored / "config"
    whole = config.read_text()
    config.write_text("{")

    bad = looked(box, memory)
    config.write_text(whole)
    good = looked(box, memory)

    assert bad.is_failed()
    assert str(bad.message).startswith("KledError: 1 of 2 clusters cannot be read: stored-")
    assert [row["health"] for row in rows(bad).values()] == ["unreadable", "ok"]
    assert flow_run(bad).name == "validate all clusters"
    assert good.is_completed(), good.message
    assert {name: row["health"] for name, row in rows(good).items()} == {
        stored: "not applied",
        well: "ok",
    }
    assert events(stored, count=1) == ["kled.cluster.unhealthy"]


def test_a_state_store_without_clusters_is_not_green(box: Box, memory: Memory) -> None:
    state = looked(box, memory)

    assert state.is_failed()
    assert "holds no cluster (hint: is it mounted" in str(state.message)
    assert "holds no cluster" in rows(state)["all clusters"]["what"]
