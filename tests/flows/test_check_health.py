"""The check of all clusters' health, on a real Prefect server."""

import json
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prefect.client.schemas.objects import State

from flows.check_health import check_health
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, ended, events, flow_run

pytestmark = pytest.mark.prefect


def checked(box: Box, memory: Memory, **parameters: Any) -> State[Any]:
    with call_with(box.settings(), memory):
        return ended(check_health, **parameters)


def rows(state: State[Any], key: str) -> list[dict[str, Any]]:
    (table,) = (one for one in artifacts(state) if one.key == key and one.type == "table")
    found: list[dict[str, Any]] = json.loads(table.data)
    return found


def test_a_marker_that_goes_is_told_of_with_what_not_to_do(box: Box, memory: Memory) -> None:
    cluster = f"marked-{uuid.uuid4().hex[:12]}.example.com"
    box.must("create", "cluster", f"--name={cluster}", "--zones=us-east-1a", "--cloud=aws", "--yes")
    store = Path(urlsplit(box.env["KOPS_STATE_STORE"]).path) / cluster
    for etcd in ("main", "events"):
        backup = store / "backups/etcd" / etcd / "2026-11-24T23:45:00Z-000075"
        backup.mkdir(parents=True)
        for name in ("etcd.backup.gz", "_etcd_backup.meta"):
            (backup / name).write_text("x")

    state = checked(box, memory, no_validate=True)

    assert state.is_failed()
    assert str(state.message).startswith(f"NotReadyInTime: not healthy: {cluster} (etcd markers")
    assert flow_run(state).name == "check health of all clusters"
    (own,) = (row for row in rows(state, "check-health") if row["cluster"] == cluster)
    assert own["health"] == "waiting"
    assert "do not restart etcd-manager" in own["what to do"]
    findings = [row for row in rows(state, "health-findings") if row["cluster"] == cluster]
    assert {row["look"] for row in findings} >= {"etcd markers", "etcd backups", "certificates"}
    assert sorted(events(cluster, count=3)) == [
        "kled.cluster.unhealthy",
        "kled.state-store.markers-missing",
        "kled.state-store.markers-missing",
    ]


def test_a_healthy_fleet_ends_well_and_says_so(box: Box, memory: Memory) -> None:
    cluster = f"young-{uuid.uuid4().hex[:12]}.example.com"
    box.must("create", "cluster", f"--name={cluster}", "--zones=us-east-1a", "--cloud=aws", "--yes")

    state = checked(box, memory, name=cluster)

    assert state.is_completed(), state.message
    looks = {row["look"] for row in rows(state, "health-findings")}
    assert looks >= {"validation", "etcd markers", "snapshots", "lifecycle rules"}
    assert flow_run(state).name == f"check health of {cluster}"


def test_of_one_cluster_is_told_once(box: Box, memory: Memory) -> None:
    cluster = f"bare-{uuid.uuid4().hex[:12]}.example.com"
    box.must("create", "cluster", f"--name={cluster}", "--zones=us-east-1a", "--cloud=aws", "--yes")
    keyset = Path(urlsplit(box.env["KOPS_STATE_STORE"]).path) / cluster / "pki/private"
    (keyset / "service-account" / "keyset.yaml").write_text("damaged")

    state = checked(box, memory, name=cluster, no_validate=True)

    assert state.is_failed()
    time.sleep(1)  # for an event that must not come
    assert events(cluster, count=1) == ["kled.cluster.unhealthy"]
