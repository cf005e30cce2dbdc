"""Triggers a deployment and follows its run: state, log lines, and in the end its summary."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx

from kled import errors
from kled.cli.leaf import Call
from kled.cli.output import show_value
from kled.errors import FlowFailed, InvalidInput, KledError, SettingsError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, Log

POLL: Final = 2.0
"""Seconds between two looks at the run."""
_NO_WORKER: Final = 60.0
_PAGE: Final = 200


@contextmanager
def server() -> "Iterator[SyncPrefectClient]":
    """Yield a client of the Prefect server that the environment or Prefect's profile names.

    Raises `SettingsError` where none is named (a server that lives as long as this command could
    run nothing), `FlowFailed` where it does not answer.
    """
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - costs seconds
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415

    url = PREFECT_API_URL.value()
    if not url:
        raise SettingsError(
            "no Prefect server is named",
            hint="set PREFECT_API_URL; `kled run FLOW` without --deployment needs no server",
        )
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.TransportError as error:
        raise FlowFailed(f"the Prefect server at {url} does not answer: {error}") from error


def run_there(call: Call, name: str, parameters: Mapping[str, Any]) -> int:
    """Trigger the deployment `name` (`flow/environment`), follow it, and return its exit code.

    Interrupted, it stops following; the run goes on and is named, with the way to cancel it.
    """
    with server() as client:
        run = _create(client, name, parameters)
        call.say(f"flow run {run.name} ({run.id}) of {name}")
        try:
            ended = _follow(call, client, run.id)
        except BaseException:
            call.say(f"the flow run goes on; to cancel it: prefect flow-run cancel {run.id}")
            raise
        _show(call, client, ended)
    return _exit_code(ended)


def _create(client: "SyncPrefectClient", name: str, parameters: Mapping[str, Any]) -> "FlowRun":
    from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError  # noqa: PLC0415

    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        raise InvalidInput(
            "deployment",
            f"{name} is not on the server",
            hint=f"put it there: kled deploy --environment={name.partition('/')[2]}",
        ) from None
    try:
        return client.create_flow_run_from_deployment(deployment.id, parameters=dict(parameters))
    except PrefectHTTPStatusError as error:
        raise KledError(f"the server refuses the run: {error.response.text}") from error


def _follow(call: Call, client: "SyncPrefectClient", run_id: UUID) -> "FlowRun":
    seen, state, begun, warned = 0, "", call.clock.monotonic(), False
    while True:
        run = client.read_flow_run(run_id)
        for line in _logs(client, run_id, seen):
            seen += 1
            call.say(f"  {line.message}")
        if run.state_name and run.state_name != state:
            state = run.state_name
            call.say(state)
        if run.state is not None and run.state.is_final():
            return run
        waited = call.clock.monotonic() - begun
        if not warned and run.start_time is None and waited > _NO_WORKER:
            warned = True
            call.say(f"no worker has taken it: prefect worker start --pool={run.work_pool_name}")
        call.clock.sleep(POLL)


def _logs(client: "SyncPrefectClient", run_id: UUID, seen: int) -> "Iterator[Log]":
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId  # noqa: PLC0415
    from prefect.client.schemas.sorting import LogSort  # noqa: PLC0415

    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    while True:
        page = client.read_logs(
            log_filter=wanted, limit=_PAGE, offset=seen, sort=LogSort.TIMESTAMP_ASC
        )
        yield from page
        seen += len(page)
        if len(page) < _PAGE:
            return


def _show(call: Call, client: "SyncPrefectClient", run: "FlowRun") -> None:
    message = run.state.message if run.state else None
    if call.settings.output == "table":
        for text in _summaries(client, run.id):
            call.say("")
            call.say(text)
        if message and not (run.state and run.state.is_completed()):
            call.say(f"kled: {message}")
        return
    show_value(
        {"flow_run": str(run.id), "name": run.name, "state": run.state_name, "message": message},
        call.settings.output,
    )


def _summaries(client: "SyncPrefectClient", run_id: UUID) -> list[str]:
    from prefect.client.schemas.filters import (  # noqa: PLC0415 - costs seconds
        ArtifactFilter,
        ArtifactFilterFlowRunId,
    )

    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    return [str(one.data) for one in client.read_artifacts(artifact_filter=wanted)]


def _exit_code(run: "FlowRun") -> int:
    """Return what the flow's error says (its class stands first in the message), else 1."""
    if run.state is not None and run.state.is_completed():
        return 0
    message = (run.state.message if run.state else None) or ""
    kind = getattr(errors, message.partition(":")[0], None)
    if isinstance(kind, type) and issubclass(kind, KledError):
        return kind.exit_code
    return FlowFailed.exit_code
