"""Shows what a run of a flow did, in one document, wherever it ran."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from kled import error_lines
from kled.cli.frame.command import Call
from kled.cli.frame.execute import STEP_COLUMNS
from kled.cli.terminal import streams
from kled.cli.terminal.output import show as show_rows
from kled.cli.terminal.output import show_value
from kled.errors import FlowFailed, InvalidInput, KledError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import Artifact, FlowRun, State

_PARAMETERS: Final = "Validation of flow parameters failed"
"""The start of Prefect's message for a run whose parameters do not fit."""


def show(call: Call, state: "State[Any]") -> None:
    """Write what a run in this process did; a failure was already told to people."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - costs seconds

    done = state.result() if state.is_completed() else None
    run = state.state_details.flow_run_id
    if call.settings.output != "table":
        if done is None and run is not None:
            with get_client(sync_client=True) as client:
                done = _report(_artifacts(client, run), state)
        show_value(done, call.settings.output)
    elif done is not None and done.get("plan") is None:
        show_rows(done["steps"], STEP_COLUMNS, "table")
        for step in done["steps"]:
            if step["way_back"]:
                call.say(f"way back from {step['step']}: {step['way_back']}")
    elif done is not None and run is not None:
        with get_client(sync_client=True) as client:
            streams.out().markdown(_summary(_artifacts(client, run)))


def show_ended(call: Call, client: "SyncPrefectClient", run: "FlowRun") -> None:
    """Write what a run on a worker did."""
    artifacts = _artifacts(client, run.id)
    if call.settings.output == "table":
        streams.out().markdown(_summary(artifacts))
    else:
        show_value(_report(artifacts, run.state), call.settings.output)


def read_error(message: str) -> tuple[type[KledError] | None, str, str | None]:
    """Return the class, the message and the hint of the error in a state's message.

    The class is None where the message is Prefect's own.
    """
    if message.startswith(_PARAMETERS):
        return InvalidInput, message, None
    return error_lines.read(message) or (None, message, None)


def _artifacts(client: "SyncPrefectClient", run: UUID) -> "list[Artifact]":
    from prefect.client.schemas.filters import (  # noqa: PLC0415 - costs seconds
        ArtifactFilter,
        ArtifactFilterFlowRunId,
    )

    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    return client.read_artifacts(artifact_filter=wanted)


def _summary(artifacts: "list[Artifact]") -> str:
    return "\n".join(str(artifact.data) for artifact in artifacts if artifact.type == "markdown")


def _report(artifacts: "list[Artifact]", state: "State[Any] | None") -> Mapping[str, Any]:
    """Return the report that the run left, or else one made of its state."""
    from tasks.running import reports  # noqa: PLC0415 - imports prefect

    for artifact in artifacts:
        if artifact.type == reports.KIND and (report := reports.read(artifact.data)) is not None:
            return report
    message = (state.message if state else None) or "no message"
    kind, told_message, hint = read_error(message)
    error = {
        "class": (kind or FlowFailed).__name__,
        "message": told_message,
        "hint": hint,
        "exit_code": (kind or FlowFailed).exit_code,
    }
    return {
        "operation": None,
        "cluster": None,
        "steps": [],
        "approval": None,
        "next": [],
        "plan": None,
        "error": error,
    }
