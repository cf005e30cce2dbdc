"""Nothing is raised across a flow's edge: Prefect would keep it as a file. Fault 55."""

import base64
import inspect
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect import Flow, flow

from deployments import catalog
from deployments.loading import load_flow
from kled.errors import KledError
from kled.operations.snapshots.back_up import BackUpState
from tasks.running import edge
from tasks.running.edge import FlowOutcome
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows import whole
from tests.flows.box import PLANTED, Memory
from tests.flows.server import ended, log_lines

pytestmark = pytest.mark.prefect
ENTRIES = catalog.load(catalog.path())
PASSWORD = "server-pass-0123456789"
HEADER = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
VALUES: dict[str, Any] = {
    "spec": {"name": "c.example.com", "zones": ["us-east-1a"]},
    "cluster": "c.example.com",
    "name": "c.example.com",
    "instance_group": "nodes",
    "size": 2,
    "snapshot": "20260101T000000Z-abcdef01",
    "to": "file:///nowhere",
}


class Unreadable:
    """Settings that fail wherever they are looked at, with a secret in the words."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name}: password={PASSWORD}")


def refused() -> httpx.HTTPStatusError:
    """An error as the client of a Prefect server with a password raises it."""
    request = httpx.Request("POST", "http://server/api", headers={"Authorization": HEADER})
    return httpx.HTTPStatusError("503", request=request, response=httpx.Response(503))


@flow(name="fail-at-the-edge", persist_result=False)
@edge.reported
def fail_at_the_edge() -> FlowOutcome:
    whole.run(BackUpState(("c.example.com",)))
    raise refused()


def kept(home: Path) -> set[Path]:
    return {file for file in (home / "storage").rglob("*") if file.is_file()}


def arguments(found: Flow[..., Any]) -> dict[str, Any]:
    needed = inspect.signature(found).parameters.values()
    meant = [one.name for one in needed if one.default is one.empty or one.name == "size"]
    return {name: VALUES[name] for name in meant}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.flow)
def test_no_flow_leaves_its_exception_behind(
    entry: catalog.CatalogEntry, memory: Memory, prefect_home: Path
) -> None:
    before = kept(prefect_home)
    found = load_flow(entry)

    with call_with(Unreadable(), memory):  # type: ignore[arg-type]
        state = ended(found, **arguments(found))

    assert state.is_failed()
    assert state.message is not None
    assert "unexpected RuntimeError" in state.message
    assert PASSWORD not in state.message
    assert kept(prefect_home) == before


def test_the_servers_password_stays_in_memory(box: Box, memory: Memory, prefect_home: Path) -> None:
    before = kept(prefect_home)

    with call_with(box.settings(), memory):
        state = fail_at_the_edge(return_state=True)

    error = state.result(raise_on_failure=False)
    assert type(error) is KledError
    assert "unexpected HTTPStatusError: 503" in error.message
    assert error.__cause__ is None
    assert kept(prefect_home) == before
    lines = log_lines(state)
    assert any("Traceback" in line for line in lines)
    assert not [line for line in lines if HEADER in line or PASSWORD in line or PLANTED in line]
