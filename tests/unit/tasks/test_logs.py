"""Log lines on their way to Prefect hold no secrets, tracebacks included."""

import io
import logging
from collections.abc import Iterator

import pytest
from prefect.logging.handlers import PrefectConsoleHandler

from kled.errors import KledError
from kled.operations.runner import Row
from kled.operations.step import Step
from kled.redact import RedactingFilter, Redactor
from tasks.running import logs
from tests.unit.tasks.conftest import Kept


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

    logs.LoggedLines().kops("Cluster is starting.")

    assert stream.getvalue() == "Cluster is starting.\n"


def test_a_run_outlives_the_worker_that_read_its_console() -> None:
    # a member of fault 42: rich ended the run at its next line, and kops with it
    handler = PrefectConsoleHandler(stream=Broken())
    core = logging.getLogger("kled")
    core.addHandler(handler)
    try:
        logs.install(Redactor())

        logs.LoggedLines().kops("one line")
        logs.LoggedLines().kops("another one")
    finally:
        core.removeHandler(handler)


def test_a_long_line_is_cut_and_says_so(stream: io.StringIO) -> None:
    logs.install(Redactor())

    logs.LoggedLines().kops("x" * 9_000)

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

    logs.LoggedLines().kops(" ")

    assert stream.getvalue() == ""


def entry(severity: str, words: str) -> str:
    return f"{severity}1130 03:21:44.056988       1 executor.go:152] {words}"


@pytest.fixture(autouse=True)
def installed(kept: Kept) -> None:
    """Let Prefect's filters be on what is kept, too."""
    logs.install(Redactor())
    kept.said.clear()


def test_what_kops_says_is_as_grave_as_kops_marks_it(kept: Kept) -> None:
    # fault 59: all of it was INFO
    lines = [
        (entry("I", "Tasks: 0 done"), "INFO"),
        (entry("W", "error running task"), "WARNING"),
        (entry("E", "cannot attach"), "ERROR"),
        (entry("F", "no way on"), "ERROR"),
        ("Waiting for [nodes] to be ready", "INFO"),
        ("Error: no clusters found", "INFO"),  # the step says what it means
        (entry("W", "The local filesystem state store is not functional for running"), "WARNING"),
        (entry("W", "CA private key was not found"), "INFO"),  # of each new cluster
        (
            entry("W", "The local filesystem state store is not functional for running clusters"),
            "INFO",  # it says nothing about a cluster
        ),
    ]
    said = logs.LoggedLines()
    for line, _ in lines:
        said.kops(line)

    assert kept.said == [(level, line) for line, level in lines]


def test_a_warning_of_kops_is_one_once(kept: Kept) -> None:
    # fault 59: the note of a read repeated what the line had said
    said = logs.LoggedLines()
    said.kops(entry("W", "ignoring the node"))
    said.kops(entry("W", "ignoring the node"))
    said.note("c.example.com: kops warns: ignoring the node")
    said.note("1 of 2 machines replaced")

    assert [level for level, _ in kept.said] == ["WARNING", "INFO", "INFO"]
    assert kept.said[-1] == ("INFO", "1 of 2 machines replaced")


def about(task: str, words: str, error: BaseException | None = None) -> None:
    """Log what Prefect says of an attempt at a task."""
    attempts = logging.getLogger("prefect.task_runs")
    given = (type(error), error, None) if error else None
    attempts.error(words, exc_info=given, extra={"task_name": task})


def test_how_a_step_ended_is_said_once_and_other_tasks_keep_their_lines(kept: Kept) -> None:
    # fault 59: "each step said three times"
    logs.LoggedSteps().started(Step("validate cluster", lambda _session: ""))
    kept.said.clear()
    for name in ("validate cluster", "a task of somebody else"):
        about(name, "Finished in state Completed()")
        about(name, "Task run failed with exception: x", KledError("x"))
        about(name, "Task run failed with exception: x - Retry 1/3 will start immediately")
        about(name, "Task run failed with exception: y", RuntimeError("y"))

    said = [words.partition("\n")[0] for _, words in kept.said]
    assert said[:2] == ["Retry 1/3 will start immediately", "Task run failed with exception: y"]
    assert len(said) == 2 + 4


def test_why_a_step_failed_is_left_to_the_end_of_the_run(kept: Kept) -> None:
    # a member of fault 59: the same message stood in both
    logs.LoggedSteps().ended(Row("validate cluster", "failed", 3.0, 2, "it is not healthy"))

    assert kept.said == [("ERROR", "validate cluster: failed in 3.0 s")]


@pytest.mark.parametrize(("displayed", "lines"), [(True, 1), (False, 3)])
def test_a_console_does_not_say_again_what_is_displayed(displayed: bool, lines: int) -> None:
    # a member of fault 59: `kled run --verbose` said what is graver than a warning twice
    written = io.StringIO()
    handler = PrefectConsoleHandler(stream=written, level=logging.WARNING)
    core = logging.getLogger("kled")
    core.addHandler(handler)
    try:
        logs.install(Redactor(), displayed=displayed)
        logs.LoggedLines().kops(entry("W", "the load balancer is slow"))
        logs.LoggedSteps().ended(Row("validate cluster", "failed", 3.0, 2, ""))
        logging.getLogger("kled.notifications").warning("nobody was told")
    finally:
        core.removeHandler(handler)

    assert len(written.getvalue().splitlines()) == lines
    assert "nobody was told" in written.getvalue()
