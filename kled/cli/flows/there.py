"""Triggers a deployment and returns the exit code of its run."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from kled.cli.flows import following, prefect_files, reports
from kled.cli.flows import server as flow_server
from kled.cli.frame import interruption
from kled.cli.frame.command import Call
from kled.errors import FlowFailed, InvalidInput, KledError, SettingsError
from kled.models.question import STARTED_BY
from kled.sentences import options

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun


HERE: Final = "; `kled run FLOW` without --deployment needs no server"


@contextmanager
def server(otherwise: str = "") -> "Iterator[SyncPrefectClient]":
    """Yield a client of the Prefect server that the environment or Prefect's profile names.

    Raises `SettingsError` where none is named, since a server that lives as long as this command
    could run nothing; `otherwise` says what else to do. Raises what
    `flow_server.explain_server_errors` raises for a server that refuses.
    """
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - costs seconds

    url = flow_server.named(os.environ)
    if not url:
        raise _no_server(otherwise)
    with flow_server.explain_server_errors(url), get_client(sync_client=True) as client:
        yield client


def require_server(otherwise: str = "") -> None:
    """Raise `SettingsError` at once where certainly no server is named, without importing Prefect.

    Where Prefect is imported already, only Prefect knows: the importing code may have named a
    server.
    """
    if "prefect" not in sys.modules and prefect_files.name_none(os.environ, Path.cwd()):
        raise _no_server(otherwise)


def speak_to(api: str) -> None:
    """Use the server with this API where none is named, before Prefect is imported."""
    if "prefect" not in sys.modules and prefect_files.name_none(os.environ, Path.cwd()):
        os.environ["PREFECT_API_URL"] = api


def _no_server(otherwise: str) -> SettingsError:
    named = "set PREFECT_API_URL to the address of its API: http://127.0.0.1:4200/api"
    return SettingsError("no Prefect server is named", hint=named + otherwise)


def run_there(call: Call, name: str, parameters: Mapping[str, Any], *, run_name: str) -> int:
    """Trigger the deployment `name` (`flow/environment`), follow it, and return its exit code.

    Interrupted, it stops following, and names the run, which goes on, and how to cancel it.
    """
    from prefect.utilities.urls import url_for  # noqa: PLC0415 - costs seconds

    again = "the same command triggers another run; a change waits for this one's lease"
    with server(HERE) as client:
        with _telling("whether it was triggered is not known: prefect flow-run ls", again):
            run = _create(client, name, parameters, run_name, call.person)
        begun = f'flow run "{run.name}" of {name}: {url_for(run) or run.id}'
        return follow_to_end(
            call, client, following.FollowedLines(call, client, run.id), begun, again
        )


def follow_to_end(
    call: Call, client: "SyncPrefectClient", lines: following.FollowedLines, begun: str, again: str
) -> int:
    """Say `begun`, follow a run of another process, and return its exit code.

    Interrupted, it stops following, and says how the run is cancelled, and `again`.
    """
    goes_on = f"the flow run goes on; to cancel it: prefect flow-run cancel {lines.run}"
    with _telling(goes_on, again):
        call.say(begun)
        try:
            ended = following.follow(call, client, lines)
        except Exception:
            call.say(goes_on)
            raise
        reports.show_ended(call, client, ended)
    return _end(call, ended)


def _telling(*remarks: str) -> AbstractContextManager[None]:
    """Add these remarks on the run to an interruption of the block."""

    def lines() -> list[str]:
        return list(remarks)

    return interruption.tell_when_interrupted(lines, lines)


def _create(
    client: "SyncPrefectClient",
    name: str,
    parameters: Mapping[str, Any],
    run_name: str,
    starter: str,
) -> "FlowRun":
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415

    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        if "/api" not in str(client.api_url):
            raise FlowFailed(
                f"the Prefect server at {client.api_url} answers 404", hint=flow_server.API
            ) from None
        raise InvalidInput(
            "deployment",
            f"{name} is not on the server",
            hint=f"put it there: kled deploy {options(environment=name.partition('/')[2])}",
        ) from None
    try:
        return client.create_flow_run_from_deployment(
            deployment.id,
            parameters=dict(parameters),
            name=run_name,
            tags=[f"{STARTED_BY}{starter}"],
        )
    except httpx.HTTPStatusError as error:
        if error.response.status_code in flow_server.DENIED:
            raise
        raise KledError(
            f"the server refuses the run: {_detail(error.response)}",
            hint="its deployment may be of another kled: kled deploy brings it up to date",
        ) from error


def _detail(response: httpx.Response) -> str:
    """Return the reason of a server's refusal, without the form around it."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text


def _end(call: Call, run: "FlowRun") -> int:
    """Say why the run did not complete, like an error of this process; return its exit code."""
    if run.state is not None and run.state.is_completed():
        return 0
    message = (run.state.message if run.state else None) or ""
    kind, reason, hint = reports.read_error(message)
    if kind is None:
        call.say(f"kled: the flow run ended as {run.state_name}: {message or 'no message'}")
        return FlowFailed.exit_code
    call.say(f"kled: {reason}", *([f"hint: {hint}"] if hint else ()))
    return kind.exit_code
