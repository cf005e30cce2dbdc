"""The edge of a flow: nothing is raised across it, and nothing of an error is kept as a file.

Prefect pickles an exception that leaves a flow into its result storage, whatever the flow says
about results: with all that hangs on the exception, for example a request with its credentials.
"""

import functools
import logging
import os
from collections.abc import Callable
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run
from prefect.states import Failed

from kled.errors import KledError, NotApproved
from kled.redact import Redactor, secret_values
from kled.rules import Event
from kled.visible import visible
from tasks import ending, logs, notifications, resources

logger = logging.getLogger("kled.flows")

P = ParamSpec("P")
Outcome = dict[str, Any] | State[Any]
"""A report as plain data, or the state of a failed run that carries the error."""


def reported(flow: Callable[P, Outcome]) -> Callable[P, Outcome]:
    """Make a flow's function end in a failed state, with the hint, where it raises an `Exception`.

    Cancellation and termination pass: Prefect ends the run by them. Where no worker does, the run
    ends itself (`tasks.ending`), in the state that `concluded` returns.
    """

    @functools.wraps(flow)
    def call(*args: P.args, **kwargs: P.kwargs) -> Outcome:
        attendance = ending.attendance()
        try:
            with attendance:
                return flow(*args, **kwargs)
        except (Exception, TerminationSignal) as error:
            ended = attendance.concluded()
            if ended is not None:
                _tell("cancelled", str(ended.message))
                return ended
            if isinstance(error, TerminationSignal):
                _tell("stopped", "it was cancelled, or its worker ended; run again, it goes on")
                raise
            return failed(told(error, f"the flow {flow.__name__}"))

    return call


def failed(error: KledError) -> State[Any]:
    """Return a failed state that says what an operator needs and carries the error itself.

    The error stays in this process: flows persist no results.
    """
    hint = f" (hint: {error.hint})" if error.hint else ""
    words = visible(redactor().text(_complete(f"{error.message}{hint}")))
    if isinstance(error, NotApproved):
        how = "not approved" if type(error) is NotApproved else f"refused: {type(error).__name__}"
        _tell(how, words, "refusal")
    else:
        _tell(type(error).__name__, words)
    return Failed(message=f"{type(error).__name__}: {words}", data=error)


def _tell(what: str, words: str, event: Event = "failure") -> None:
    """Tell people that a run has not completed."""
    notifications.notify(event, f"{flow_run.get_name() or 'a flow run'}: {what}", words)


def told(error: Exception, during: str) -> KledError:
    """Return `error` where kled foresaw it, else what stands for it."""
    return error if isinstance(error, KledError) else unexpected(error, during)


def unexpected(error: Exception, during: str) -> KledError:
    """Log `error` with its traceback, redacted, and return what stands for it: its words alone."""
    redact = redactor()
    logs.install(redact, displayed=resources.is_displayed())
    logger.error("%s ended unexpectedly", during, exc_info=error)
    words = redact.text(f"{type(error).__name__}: {error}")
    return KledError(
        f"unexpected {words}", hint="this is a bug in kled; please report it with this log"
    )


def _complete(words: str) -> str:
    """Let commands in `words` name the run's stores; as they are where no settings say which."""
    try:
        return resources.complete(words)
    except Exception:  # noqa: BLE001 - settings that cannot be read are often the error itself
        return words


def redactor() -> Redactor:
    """Return a redactor that knows the secrets of the settings, or of the environment without them.

    Raises nothing: what cannot be read must not hide the error that is being told.
    """
    try:
        return resources.redactor(resources.settings())
    except Exception:  # noqa: BLE001 - settings that cannot be read are often the error itself
        return Redactor(secret_values(os.environ))
