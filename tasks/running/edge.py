"""The edge of flows and tasks: what crosses it is an error's words, redacted, and nothing else.

Prefect pickles an exception that leaves a flow into its result storage, whatever the flow says
about results: with all that hangs on the exception, for example a request with its credentials. The
words of one that leaves a task stand in its state.
"""

import functools
import logging
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from prefect.client.schemas.objects import State
from prefect.exceptions import ExternalSignal, PrefectSignal, TerminationSignal
from prefect.runtime import flow_run
from prefect.states import Failed

from kled import error_lines
from kled.errors import KledError, NotApproved
from kled.redact import Redactor
from kled.rules import Event
from kled.terminated import Terminated
from kled.visible import visible
from tasks.running import ending, logs, notifications, resources

logger = logging.getLogger("kled.flows")

P = ParamSpec("P")
T = TypeVar("T")
FlowOutcome = dict[str, Any] | State[Any]
"""A report as plain data, or the state of a failed run that carries the error."""


_CONTROL: Final = (
    PrefectSignal,
    ExternalSignal,
    KeyboardInterrupt,
    GeneratorExit,
    CancelledError,
    Terminated,
)
"""How runs are stopped, paused and cancelled: Prefect ends the run by them, in words of its own.

Everything else is an error, also where a library does not call it an `Exception`: the panics of
those written in Rust are none.
"""


_HUSHED: Final = "is_told"


def reported(flow: Callable[P, FlowOutcome]) -> Callable[P, FlowOutcome]:
    """Make a flow's function end in a failed state, with the hint, where it raises an error.

    Cancellation and termination pass: Prefect ends the run by them. Where no worker does, the run
    ends itself (`tasks.running.ending`), in the state that `concluded` returns.
    """

    @functools.wraps(flow)
    def call(*args: P.args, **kwargs: P.kwargs) -> FlowOutcome:
        logs.install(redactor(), displayed=resources.is_displayed())
        attendance = ending.attendance()
        try:
            with attendance:
                return flow(*args, **kwargs)
        except BaseException as error:
            if is_control(error) and not isinstance(error, TerminationSignal):
                raise
            ended = attendance.concluded()
            if ended is not None:
                _tell("cancelled", str(ended.message))
                return ended
            if isinstance(error, TerminationSignal):
                _tell("stopped", "it was cancelled, or its worker ended; run again, it goes on")
                raise
            return failed_state(foreseen_error(error, f"the flow {flow.__name__}"))

    return call


def is_control(error: BaseException) -> bool:
    """Say whether `error` is none, but how a run is stopped, paused or cancelled."""
    return isinstance(error, _CONTROL)


def refuse(error: Exception, during: str) -> State[Any]:
    """Return the failed state of a run whose parameters are none; nothing was done."""
    logs.install(redactor(), displayed=resources.is_displayed())
    return failed_state(foreseen_error(error, during))


def failed_state(error: KledError, *, tells: bool = True) -> State[Any]:
    """Return a failed state that says what an operator needs and carries the error's own words.

    The error stays in this process, as flows persist no results, and is cleaned before
    (`clean_error`): a flow that calls this one may keep it. People are told, where it `tells` them.
    """
    clean = clean_error(error)
    sentence = error_lines.sentence(clean.message, clean.hint)
    message = visible(redactor().text(_complete(sentence)))
    if not tells or vars(clean).get(_HUSHED):
        pass
    elif isinstance(clean, NotApproved):
        how = "not approved" if type(clean) is NotApproved else f"refused: {type(clean).__name__}"
        _tell(how, message, "refusal")
    else:
        _tell(type(clean).__name__, message)
    return Failed(message=error_lines.line(type(clean), message), data=clean)


def hush(error: KledError) -> None:
    """Let nobody be told again of an error that leaves a flow: whoever raises it has done so."""
    vars(error)[_HUSHED] = True


def clean_error(error: KledError) -> KledError:
    """Return an error of the same class with the same words, redacted, and nothing else on it.

    Neither its cause, nor what was being handled, nor its traceback: libraries hang requests with
    their credentials on those.
    """
    redact = redactor()
    clean = type(error).__new__(type(error))
    clean.args = tuple(map(redact.text, map(str, error.args)))
    for name, value in vars(error).items():
        if not name.startswith("__"):
            setattr(clean, name, _plain(value, redact))
    return clean


def _plain(value: object, redact: Redactor) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case tuple():
            return tuple(_plain(element, redact) for element in value)
        case _:
            return redact.text(str(value))


def _tell(what: str, message: str, event: Event = "failure") -> None:
    """Tell people that a run has not completed."""
    notifications.notify(event, f"{flow_run.get_name() or 'a flow run'}: {what}", message)


def attempt(act: Callable[[], T], during: str) -> T | KledError:
    """Return what `act` returns, or the error without what hangs on it; control signals pass.

    Raised from here it would have what was being handled hang on it again: the caller raises it.
    """
    try:
        return act()
    except BaseException as error:
        if is_control(error):
            raise
        return clean_error(foreseen_error(error, during))


def foreseen_error(error: BaseException, during: str) -> KledError:
    """Return `error` where kled foresaw it, else what stands for it."""
    return error if isinstance(error, KledError) else stand_in_for(error, during)


def stand_in_for(error: BaseException, during: str) -> KledError:
    """Log `error` with its traceback, redacted, and return what stands for it: its words alone."""
    redact = redactor()
    logs.install(redact, displayed=resources.is_displayed())
    logger.error("%s ended unexpectedly", during, exc_info=error)
    message = redact.text(f"{type(error).__name__}: {_words(error)}")
    return KledError(
        f"unexpected {message}", hint="this is a bug in kled; please report it with this log"
    )


def error_of_another(error: BaseException) -> KledError:
    """Return what stands for an error of code that is not kled's: its words, redacted."""
    message = redactor().text(f"{type(error).__name__}: {_words(error)}")
    return KledError(message, hint="it was raised between kled's tasks, by code that is not kled's")


def _complete(message: str) -> str:
    """Let commands in `message` name the run's stores; as they are where no settings say which."""
    try:
        return resources.complete(message)
    except Exception:  # noqa: BLE001 - settings that cannot be read are often the error itself
        return message


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error that cannot even be shown
        return "it cannot be shown"


def redactor() -> Redactor:
    """Return a redactor that knows the secrets of the settings, or of the environment without them.

    Raises nothing: what cannot be read must not hide the error that is being told.
    """
    try:
        return resources.redactor(resources.settings())
    except Exception:  # noqa: BLE001 - settings that cannot be read are often the error itself
        return resources.redactor_of_variables()
