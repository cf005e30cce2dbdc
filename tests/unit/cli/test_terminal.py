"""Fault 89: one place writes to the terminal, and what passes it can be looked at."""

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import kled
from kled.cli import app
from kled.cli.terminal import output, streams
from kled.cli.terminal.downloads import DownloadLines, progress
from kled.cli.terminal.steps import LiveSteps, PlainLines
from kled.cli.terminal.streams import Terminal
from kled.errors import KledError
from kled.models.plan import Change, Plan
from kled.operations.runner import Row
from kled.operations.step import Step
from kled.visible import visible
from kled.yaml_text import document
from tasks.running import plans
from tasks.running.markdown import inline, plain
from tests.unit.test_visible import HOSTILE, is_obeyed

ROOT: Final = Path(kled.__file__).parent.parent
MARKUP: Final = "[red]prod[/red] [link=https://evil.example]x[/link] :warning:"
EVIL: Final = "".join(HOSTILE.values()) + MARKUP
WRITES: Final = {
    "click": {
        *("echo", "secho", "echo_via_pager", "prompt", "confirm", "pause", "progressbar"),
        *("style", "clear", "edit", "launch", "get_text_stream", "get_binary_stream"),
    },
    "sys": {"stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"},
    "logging": {"StreamHandler", "basicConfig"},
    "rich": {"print"},
}
NAMES: Final = {"print", "input", "Console", "breakpoint"}
ALLOWED: Final = {
    "kled/cli/terminal/streams.py",  # it is the place
    "kled/__main__.py",  # a constant, where nothing else could be imported
    "kled/cli/frame/signals.py",  # constants, while the main thread may hold the streams
    "kled/lease/child.py",  # the watchdog's own pipe to kled, no terminal
}
TOLD: Final = {
    "create_markdown_artifact": {
        "tasks/running/plans.py",
        "tasks/running/previews.py",
        "tasks/running/summary.py",
    },
    "create_table_artifact": {
        "tasks/running/findings_table.py",
        "tasks/running/health_table.py",
        "tasks/running/snapshot_table.py",
    },
    "create_link_artifact": set(),
    "emit_event": {"tasks/running/events.py"},
    "notify": {
        f"tasks/running/{one}.py"
        for one in ("notifications", "approvals", "block", "edge", "health_table")
    },
}
"""Where Prefect and people are told; each of them has its test in tests/unit/tasks."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ("kled", "flows", "tasks", "deployments"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("kled/sandbox/"):  # another program; kled shows what it says
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def writes(tree: ast.Module) -> Iterator[str]:
    """Yield what of a module reaches for the terminal."""
    for node in ast.walk(tree):
        if _reaches(node):
            yield ast.unparse(node)


def _reaches(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return name in WRITES.get(owner, ())
        case ast.ImportFrom(module=owner, names=names):
            return any(one.name in WRITES.get(owner or "", ()) for one in names)
        case ast.Call(func=ast.Name(id=name)):
            return name in NAMES
        case ast.Call(func=ast.Attribute(attr="write"), args=[ast.Constant(value=1 | 2), *_]):
            return True
        case ast.Call(func=ast.Attribute(attr="show", value=ast.Name(id="error"))):
            return True  # click's own words
        case _:
            return False


def test_nothing_else_of_kled_prints_or_touches_the_standard_streams() -> None:
    found = {name: list(writes(tree)) for name, tree in modules() if name not in ALLOWED}

    assert {name: lines for name, lines in found.items() if lines} == {}


def test_artifacts_events_and_notifications_are_made_where_tests_look() -> None:
    callers: dict[str, set[str]] = {name: set() for name in TOLD}
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in callers:
                    callers[name].add(module)

    assert callers == TOLD


class Tty(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


def obeyed(text: str) -> str:
    """Return what of `text` a terminal would obey or an eye be misled by."""
    return "".join(one for one in text if is_obeyed(one) and one != "\n")


def row(words: str) -> Row:
    return Row(words, "done", 1.0, 1, words, words)


def step() -> Step:
    return Step(EVIL, lambda _session: "")


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_a_name_forges_no_row_in_any_form(form: str) -> None:
    told = io.StringIO()

    output.show([{"name": EVIL, "more": [EVIL]}], [output.Column("NAME", "name")], form, told)

    assert obeyed(told.getvalue()) == ""
    if form == "table":
        assert len(told.getvalue().splitlines()) == 2
        assert MARKUP in told.getvalue()
    elif form == "json":
        assert json.loads(told.getvalue()) == [{"name": EVIL, "more": [EVIL]}]
    else:
        whole = EVIL.replace("\udcff", "\\udcff")  # YAML has no form for half a pair
        assert document(told.getvalue()) == [{"name": whole, "more": [whole]}]


def test_lines_that_are_said_are_lines() -> None:
    told = io.StringIO()

    Terminal(told).say("first", EVIL)
    lines = PlainLines(Terminal(told), verbose=True)
    lines.started(step())
    lines.retried(step(), KledError(EVIL))
    lines.ended(row(EVIL))
    lines.line(EVIL)
    lines.note(EVIL)
    DownloadLines(Terminal(told), EVIL).update(1, 2)

    assert obeyed(told.getvalue()) == ""
    assert told.getvalue().count("\n") == 8


def test_a_live_list_obeys_neither_control_sequences_nor_markup() -> None:
    told = Tty()
    console = Terminal(told).console()
    console.width = 2_000
    steps = LiveSteps(console)
    steps.ended(row(EVIL))
    steps.started(step())
    steps.line(EVIL)

    console.print(steps.render())

    plain = told.getvalue()
    assert plain.count(MARKUP) == 4
    assert "\x1b]" not in plain  # titles, links, the clipboard
    assert "\x1b[2J" not in plain
    assert plain.count("\n") == 2


def test_a_download_is_named_as_it_is() -> None:
    told = Tty()

    with progress(Terminal(told), "\x1b]0;owned\x07 [red]kops[/red]") as update:
        update(1, 2)

    assert "\\x1b]0;owned\\x07 [red]kops[/red]" in told.getvalue()
    assert "\x1b]" not in told.getvalue()


def test_a_summary_of_a_server_is_laid_out_without_links_and_sequences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    told = Tty()

    Terminal(told).markdown(f"# {EVIL}\n\n[click](https://evil.example) <b>x</b>\n")

    assert "\x1b]" not in told.getvalue()
    assert "\x1b[2J" not in told.getvalue()


def test_a_command_in_a_summary_is_one_line_however_narrow_the_terminal_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pasted, the first half of a broken one ran without its stores."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    told = Tty()
    command = "kled kops rolling-update --name=c.example.com --state=file:///a --yes"

    Terminal(told).markdown(
        "# update\n\n| step | outcome |\n| --- | --- |\n| update cluster | done |\n\nWay back:\n\n"
        f"- update: {command}\n\nNext:\n\n```sh\n{command}\n# no heading\n```\n"
    )

    lines = told.getvalue().splitlines()
    assert f"- update: {command}" in lines
    assert command in lines
    assert "# no heading" in lines
    assert "| step | outcome |" not in lines  # a table is laid out


def test_markdown_for_a_file_keeps_its_lines() -> None:
    told = io.StringIO()

    Terminal(told).markdown("# a\n\n- \x1b[2J\n")

    assert told.getvalue() == "# a\n\n- \\x1b[2J\n"


@pytest.mark.parametrize("stream", [io.StringIO, Tty], ids=["a log", "a dumb terminal"])
def test_markdown_that_nothing_lays_out_reads_as_it_was_said(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan said `t3.medium -\\> t3.large` there."""
    monkeypatch.setenv("TERM", "dumb")
    change = Change("modify", "LaunchTemplate", "nodes", {"InstanceType": "t3.medium -> t3.large"})
    told = stream()

    Terminal(told).markdown(plans.markdown(Plan("c", (change,)), None))

    assert "  - InstanceType: t3.medium -> t3.large\n" in told.getvalue()


@pytest.mark.parametrize("text", ["- a", "1. b", "a|b *c* <d> _e_ [f] `g` \\h ~i~ &amp;", EVIL])
def test_what_markdown_needs_is_taken_away_again(text: str) -> None:
    assert plain(inline(text)) == visible(text)


def test_commands_in_a_block_of_markdown_stay_as_they_are() -> None:
    assert plain("a \\> b\n```sh\nkled x 'a\\>b'\n```\n\\> c") == (
        "a > b\n```sh\nkled x 'a\\>b'\n```\n> c"
    )


def test_what_a_shell_evaluates_is_exact_and_on_a_terminal_it_is_visible() -> None:
    piped, looked_at = io.StringIO(), Tty()

    Terminal(piped).exact("export A='\x1b]0;x\x07'\n")
    Terminal(looked_at).exact("export A='\x1b]0;x\x07'\n")

    assert piped.getvalue() == "export A='\x1b]0;x\x07'\n"
    assert looked_at.getvalue() == "export A='\\x1b]0;x\\x07'\n"


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")

    assert not Terminal(Tty()).is_live


@pytest.mark.parametrize(
    "error",
    [
        KledError(EVIL, hint=EVIL),
        RuntimeError(EVIL),
        FileNotFoundError(2, EVIL, EVIL),
        __import__("click").UsageError(EVIL),
        KeyError(EVIL),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("verbose", [False, True])
def test_an_error_is_told_in_lines_of_its_own(
    error: Exception, verbose: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app._ending(error, verbose=verbose) in {1, 2}

    told = capsys.readouterr().err
    assert obeyed(told) == ""
    assert not any(line.startswith("prod  gone") for line in told.splitlines())


def test_warnings_of_libraries_are_lines_without_tracebacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # one member more: Python's handler of last resort wrote them raw, with tracebacks
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    record = logging.LogRecord("botocore", logging.WARNING, "x.py", 1, EVIL, (), _raised())

    for verbose in (False, True):
        streams.log_to(streams.err, verbose=verbose)
        assert logging.lastResort is not None
        logging.lastResort.handle(logging.makeLogRecord(record.__dict__))
        told = capsys.readouterr().err
        assert obeyed(told) == ""
        assert ("Traceback" in told) == verbose
        assert "ValueError: boom" in told


def _raised() -> Any:
    try:
        raise ValueError("boom")
    except ValueError as error:
        return type(error), error, error.__traceback__


def test_a_bug_is_one_line_that_can_be_reported_and_verbose_adds_the_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # fault 30: Python's own words and tracebacks reached people
    error = _raised()[1]

    assert app._ending(error, verbose=False) == 1
    plain = capsys.readouterr().err
    assert app._ending(error, verbose=True) == 1
    verbose = capsys.readouterr().err

    assert plain.splitlines()[0].startswith("kled: unexpected ValueError at ")
    assert "in _raised: boom" in plain
    assert "this is a bug in kled" in plain
    assert "Traceback" not in plain
    assert "Traceback" in verbose
