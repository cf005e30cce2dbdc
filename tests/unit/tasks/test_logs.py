"""Log lines on their way to Prefect hold no secrets, tracebacks included."""

import io
import logging
from collections.abc import Iterator

import pytest
from prefect.logging.handlers import PrefectConsoleHandler

from kled.errors import KledError
from kled.redact import RedactingFilter, Redactor
from tasks import logs


class Broken(io.StringIO):
    """A pipe that nobody reads."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What Prefect's forwarder of foreign loggers would send."""
    forwarder, core = logging.getLogger("prefect.extra"), logging.getLogger("kled")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    forwarder.addHandler(handler)
    yield written
    forwarder.removeHandler(handler)
    core.removeHandler(handler)


def test_a_line_of_kops_reaches_prefect_once(stream: io.StringIO) -> None:
    logs.install(Redactor())
    logs.install(Redactor())

    logs.kops_line("Cluster is starting.")

    assert stream.getvalue() == "Cluster is starting.\n"


def test_a_run_outlives_the_worker_that_read_its_console() -> None:
    # a member of fault 42: rich ended the run at its next line, and kops with it
    handler = PrefectConsoleHandler(stream=Broken())
    core = logging.getLogger("kled")
    core.addHandler(handler)
    try:
        logs.install(Redactor())

        logs.kops_line("one line")
        logs.kops_line("another one")
    finally:
        core.removeHandler(handler)


def test_a_long_line_is_cut_and_says_so(stream: io.StringIO) -> None:
    logs.install(Redactor())

    logs.kops_line("x" * 9_000)

    assert stream.getvalue() == "x" * 8_000 + " ... [9000 characters]\n"


def test_messages_and_tracebacks_are_redacted(stream: io.StringIO) -> None:
    logs.install(Redactor(["hunter2hunter2"]))

    try:
        raise RuntimeError("it was hunter2hunter2")
    except RuntimeError:
        logging.getLogger("kled.flows").exception("failed with %s", "hunter2hunter2")

    assert "hunter2hunter2" not in stream.getvalue()
    assert "RuntimeError: it was [redacted]" in stream.getvalue()


def test_a_new_redactor_replaces_the_one_before(stream: io.StringIO) -> None:
    logs.install(Redactor(["first-secret"]))
    logs.install(Redactor(["second-secret"]))

    filters = [
        one
        for handler in logging.getLogger("kled").handlers
        for one in handler.filters
        if isinstance(one, RedactingFilter)
    ]
    assert len(filters) == len(logging.getLogger("kled").handlers)


def test_a_foreseen_error_has_no_traceback_and_a_bug_keeps_its_own() -> None:
    runs, written = logging.getLogger("prefect.flow_runs"), io.StringIO()
    handler = logging.StreamHandler(written)
    runs.addHandler(handler)
    try:
        logs.install(Redactor())
        for error in (KledError("foreseen"), RuntimeError("a bug")):
            try:
                raise error
            except (KledError, RuntimeError):
                runs.exception("engine execution ended")
    finally:
        runs.removeHandler(handler)

    assert written.getvalue().count("engine execution ended") == 1
    assert "RuntimeError: a bug" in written.getvalue()


def test_an_empty_line_of_kops_is_no_entry(stream: io.StringIO) -> None:
    logs.install(Redactor())

    logs.kops_line(" ")

    assert stream.getvalue() == ""
