"""Runs a flow in this process, with the live display; Prefect is imported only here."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from kled.cli.flows import reports, server, temporary_server
from kled.cli.frame import interruption
from kled.cli.frame.command import Call
from kled.cli.terminal import streams
from kled.cli.terminal.steps import display
from kled.errors import FlowFailed, KledError

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import State

_CONSOLE_LEVEL = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"


def quiet_prefect(*, verbose: bool) -> None:
    """Set Prefect's environment before it is imported; its own lines would break up the display."""
    from tasks.running.environment import prepare  # noqa: PLC0415 - not for --help

    prepare(os.environ)
    os.environ.setdefault(_CONSOLE_LEVEL, "WARNING" if verbose else "CRITICAL")


def run_here(
    call: Call,
    flow: "Flow[..., Any]",
    parameters: Mapping[str, Any],
    *,
    advise: bool = True,
    rest: str = interruption.REST,
) -> Mapping[str, Any]:
    """Run `flow`, show its report, and with `advise` what to type next; return the report.

    `rest` says what the same command does after an interruption.

    Raises the flow's own error, so that the exit code says what went wrong; `FlowFailed` where a
    run ended in another way. Interrupted or terminated, the flow stops its kops first, and its run
    is marked before a temporary server ends.
    """
    from prefect.exceptions import Abort  # noqa: PLC0415 - costs seconds

    from tasks.running.resources import call_with  # noqa: PLC0415 - imports prefect

    url = server.named(os.environ)
    if not url:
        call.say("starting a Prefect server for this run; the first start takes half a minute")
        temporary_server.start(call.clock)
    with (
        server.explain_server_errors(url),
        display(streams.err(), verbose=call.verbose) as shown,
        call.halfway(f"the flow {flow.name}", shown, rest) as watching,
        call_with(call.settings, watching),
    ):
        try:
            state = cast("State[Any]", flow(**parameters, return_state=True))
        except Abort as ended:  # its server ended the run
            raise FlowFailed(f"the flow run has ended: {ended}") from ended
    reports.show(call, state)
    if not state.is_completed():
        raise _error(state)
    done: Mapping[str, Any] = state.result()
    for command in done["next"] if advise else ():
        call.say(f"next: {command}")
    return done


def _error(state: "State[Any]") -> KledError:
    outcome: object = state.result(raise_on_failure=False)
    if isinstance(outcome, KledError):
        return outcome
    return FlowFailed(f"the flow run ended as {state.name}: {state.message or 'no message'}")
