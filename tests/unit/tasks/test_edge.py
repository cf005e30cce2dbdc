"""What crosses the edge of a flow or a task is words without secrets. Fault 55."""

import base64
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Annotated, Any

import httpx
import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort
from pydantic import Field

from kled import config
from kled.errors import DocumentDamaged, InvalidInput, KledError, KopsError
from kled.terminated import Terminated
from tasks.running.edge import FlowOutcome, clean_error, reported
from tasks.running.language import CLUSTER, flow
from tasks.running.perform import perform
from tasks.running.resources import Unwatched, call_with

SECRET = "Zk3vQ9xT7mB2cW8r"
FORMS = (SECRET, base64.b64encode(f"admin:{SECRET}".encode()).decode()[8:24], SECRET[4:])


class Panic(BaseException):
    """As libraries written in Rust raise it: no `Exception`."""


class Unshowable(Exception):
    def __str__(self) -> str:
        raise ValueError(SECRET)


def with_request() -> Exception:
    header = "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode()
    request = httpx.Request("POST", f"http://me:{SECRET}@s", headers={"Authorization": header})
    words = f"503 of {request.url!s} {dict(request.headers)}"
    return httpx.HTTPStatusError(words, request=request, response=httpx.Response(503))


def by(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        local = SECRET
        raise error if local else ValueError

    return fail


def caused(kind: type[BaseException]) -> Callable[[], Any]:
    def fail() -> Any:
        try:
            raise RuntimeError(SECRET) from with_request()
        except RuntimeError as error:
            raise kind("the store refused") from error

    return fail


def in_context() -> Any:
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        raise KeyError("zone")  # noqa: B904 - what was being handled hangs on it


def noted() -> Any:
    error = KledError("the store refused", hint=f"use --token={SECRET}")
    error.add_note(SECRET)
    error.request = with_request()  # type: ignore[attr-defined]
    raise error


def grouped() -> Any:
    raise BaseExceptionGroup("two", [RuntimeError(SECRET), Panic(SECRET)])


RAISED: dict[str, Callable[[], Any]] = {
    "arguments": by(ValueError(f"cannot parse {SECRET}", SECRET)),
    "a request": by(with_request()),
    "a cause": caused(ValueError),
    "a cause of ours": caused(KledError),
    "a context": in_context,
    "our own words": by(KledError(f"cannot read {SECRET}", hint=SECRET)),
    "a field": by(InvalidInput("name", f"{SECRET} is no name")),
    "kops' last lines": by(KopsError("it failed", stderr=f"a\n{SECRET}")),
    "a document": by(DocumentDamaged(f"s3://me:{SECRET}@a", SECRET)),
    "a note": noted,
    "a panic": by(Panic(SECRET)),
    "an exit": by(SystemExit(SECRET)),
    "a group": grouped,
    "words that cannot be shown": by(Unshowable()),
}


@pytest.fixture(autouse=True)
def settings(tmp_path: Any) -> Iterator[None]:
    env = {"HOME": str(tmp_path), "PREFECT_API_AUTH_STRING": f"admin:{SECRET}"}
    with call_with(config.load(env), Unwatched()):
        yield


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What Prefect would forward to its server."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger("prefect.extra")
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


def everything(error: BaseException) -> str:
    """Return all that anybody could keep of an error."""
    shown = "".join(traceback.format_exception(error))
    return f"{shown}{error!r}{vars(error)}{pickle.dumps(error)!r}"


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


@pytest.mark.parametrize("raised", RAISED)
def test_a_flow_ends_failed_with_words_alone(raised: str, log: io.StringIO) -> None:
    @reported
    def fails() -> FlowOutcome:
        result: FlowOutcome = RAISED[raised]()
        return result

    state = fails()

    assert isinstance(state, State)
    assert state.is_failed()
    assert isinstance(state.data, KledError)
    assert not leaks(everything(state.data))
    assert not leaks(repr(state))
    assert not leaks(log.getvalue())
    assert ("unexpected" in str(state.message)) == ("Traceback" in log.getvalue())


@pytest.mark.parametrize("raised", RAISED)
def test_a_task_raises_words_alone(raised: str, log: io.StringIO) -> None:
    attempts: Any = SimpleNamespace(step=SimpleNamespace(name="go"), make=RAISED[raised])

    with pytest.raises(KledError) as found:
        perform.fn(attempts)

    assert found.value.__cause__ is None
    assert found.value.__context__ is None
    assert not leaks(everything(found.value))
    assert not leaks(log.getvalue())


@pytest.mark.parametrize(
    "given",
    [
        {"name": SECRET},
        {"name": {"$ref": {"block_document_id": SECRET}}},
        {"name": "a", "cluster": SECRET},
        {"cluster": SECRET},
        {},
    ],
)
def test_parameters_that_are_none_end_the_run_without_being_quoted(given: Any) -> None:
    @flow(name="named", flow_run_name="do {name}", earlier=CLUSTER)
    @reported
    def named(name: Annotated[str, Field(max_length=3)]) -> FlowOutcome:
        raise AssertionError(name)

    state = named.fn(**given)

    assert isinstance(state, State)
    assert state.is_failed()
    assert isinstance(state.data, InvalidInput)
    assert str(state.message).startswith("InvalidInput: ")
    assert not leaks(everything(state.data))
    assert not leaks(repr(state))
    assert not leaks(str(named.serialize_parameters(given)))
    assert not leaks(named.named(given))


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Terminated(), GeneratorExit(), Abort()])
def test_what_stops_a_run_passes(stop: BaseException) -> None:
    @reported
    def stopped() -> FlowOutcome:
        raise stop

    with pytest.raises(type(stop)):
        stopped()


def test_an_error_s_words_and_class_stay() -> None:
    error = KopsError("it failed", hint="try again", command="get clusters", stderr="a\nb")

    clean = clean_error(error)

    assert (type(clean), vars(clean)) == (KopsError, vars(error))
    assert clean.message == "it failed"
