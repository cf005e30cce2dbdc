"""Whatever fails, and wherever: no server, file or terminal keeps a byte of a secret. Fault 55."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from prefect import Flow, flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.flow_engine import run_flow
from prefect.logging.handlers import APILogWorker

from flows.plan_update import plan_update
from flows.validate_cluster import validate_cluster
from kled.operations.guards.guards import READS
from kled.operations.step import Step
from kled.retry import Policy
from tasks.running import edge, language
from tasks.running.edge import FlowOutcome
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows import whole
from tests.flows.box import PLANTED, Memory
from tests.flows.server import artifacts, database, flow_run, log_lines, task_runs

pytestmark = pytest.mark.prefect
ONCE = Policy(1, timedelta(0), 1, timedelta(0), 0, timedelta(minutes=1))
PASSWORD = "server-pass-0123456789"
HEADER = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
SECRETS = (PLANTED, PLANTED[8:24], PASSWORD, HEADER, "ghp_0123456789abcdefghijkl")


class Panic(BaseException):
    """As libraries written in Rust raise it."""


def fail(kind: type[BaseException] = RuntimeError) -> Any:
    """Raise with secrets in the words, a cause, a request, a note, and what was being handled."""
    headers = {"Authorization": f"Basic {HEADER}"}
    request = httpx.Request("POST", f"http://me:{PASSWORD}@server/api", headers=headers)
    try:
        raise httpx.HTTPStatusError(
            f"{request.url!s} {headers}", request=request, response=httpx.Response(503)
        )
    except httpx.HTTPStatusError as cause:
        error = kind(f"used {PLANTED} and ghp_0123456789abcdefghijkl")
        error.add_note(f"password: {PASSWORD}")
        raise error from cause


@dataclass(frozen=True)
class Failing:
    """An operation of one step that fails."""

    kind: type[BaseException]

    name = "fail"
    cluster = "fails.example.com"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        return (Step("go", lambda _session: str(fail(self.kind)), ONCE),)


@language.flow(name="fail-in-a-flow", flow_run_name="fail in a flow {name}")
@edge.reported
def in_a_flow(name: str = "") -> FlowOutcome:
    return cast("FlowOutcome", fail(Panic if name == "panic" else RuntimeError))


@language.flow(name="fail-in-a-task", flow_run_name="fail in a task {name}")
@edge.reported
def in_a_task(name: str = "") -> FlowOutcome:
    return whole.run(Failing(Panic if name == "panic" else RuntimeError))


@flow(name="fail-in-a-subflow", persist_result=True)
def in_a_subflow() -> FlowOutcome:
    return in_a_task()


@language.flow(name="fail-in-a-hook", flow_run_name="fail in a hook")
@edge.reported
def in_a_hook() -> FlowOutcome:
    return cast("FlowOutcome", fail())


@in_a_hook.on_failure  # type: ignore[arg-type]
def hook(_flow: Any, _run: Any, _state: Any) -> None:
    fail()


@language.flow(name="crash", flow_run_name="crash")
@edge.reported
def crash() -> FlowOutcome:
    try:
        return cast("FlowOutcome", fail())
    except RuntimeError:
        raise KeyboardInterrupt  # noqa: B904 - with what was being handled


FAILING: dict[str, Callable[[], Any]] = {
    "flow": lambda: in_a_flow(return_state=True),
    "panic": lambda: in_a_flow("panic", return_state=True),
    "task": lambda: in_a_task(return_state=True),
    "panic of a task": lambda: in_a_task("panic", return_state=True),
    "subflow": lambda: in_a_subflow(return_state=True),
    "hook": lambda: in_a_hook(return_state=True),
    "parameter": lambda: validate_cluster(PLANTED, return_state=True),
    "parameter of another type": lambda: validate_cluster({"x": PLANTED}, return_state=True),
    "reference": lambda: validate_cluster(
        {"$ref": {"block_document_id": PLANTED}}, return_state=True
    ),
    "wait": lambda: validate_cluster("c.example.com", wait=PLANTED, return_state=True),
}


def stored(*places: Path) -> bytes:
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in files)


def kept(home: Path) -> set[Path]:
    return {file for file in (home / "storage").rglob("*") if file.is_file()}


@pytest.mark.parametrize("where", FAILING)
def test_a_failure_leaves_nothing_but_words(
    where: str, box: Box, memory: Memory, prefect_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = kept(prefect_home)
    with call_with(box.settings(), memory):
        state: State[Any] = FAILING[where]()

    lines = log_lines(state)
    shown = "".join((*lines, *capfd.readouterr(), str(state), str(artifacts(state))))
    if "task" in where:
        task_runs(state, names=1)
    assert state.is_failed()
    assert (kept(prefect_home) == before) or where == "subflow"  # its own flow keeps results
    everything = stored(database().parent, prefect_home)
    assert str(flow_run(state).name).encode() in everything
    assert not [one for one in SECRETS if one in shown or one.encode() in everything]
    assert "[redacted]" in shown or "parameter" in where or where in {"reference", "wait"}


def test_a_run_that_crashes_leaves_nothing_but_words(
    box: Box, memory: Memory, prefect_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = kept(prefect_home)
    with call_with(box.settings(), memory), pytest.raises(KeyboardInterrupt):
        crash()

    APILogWorker.drain_all(timeout=10)
    everything = stored(database().parent, prefect_home)
    assert kept(prefect_home) == before
    assert not [one for one in SECRETS if one.encode() in everything]
    assert not [one for one in SECRETS if one in "".join(capfd.readouterr())]


@pytest.mark.parametrize(
    ("spoken", "parameters", "name"),
    [
        (plan_update, {"cluster": "c.example.com"}, "plan update of c.example.com"),
        (validate_cluster, {"name": "c.example.com", "patience": 1}, "validate c.example.com"),
    ],
)
def test_a_run_that_the_server_holds_with_earlier_names_goes_on(
    spoken: Flow[..., Any], parameters: dict[str, Any], name: str, box: Box, memory: Memory
) -> None:
    # fault 16: as an automation, or a deployment of an earlier kled, starts it on a worker
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(spoken)
        client.update_flow_run(run.id, parameters=parameters)
        run = client.read_flow_run(run.id)

    with call_with(box.settings(), memory):
        state = run_flow(spoken, flow_run=run, return_type="state")

    assert isinstance(state, State)
    assert str(state.message).startswith("ClusterNotFound: ")
    assert flow_run(state).name == name
    assert len([line for line in log_lines(state) if "is an earlier spelling" in line]) == 1
