"""What happened is said once, wherever results and words for a person come out (fault 37)."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kled.cli.frame import execute
from kled.cli.terminal import streams
from kled.cli.terminal.steps import LiveSteps, PlainLines
from kled.cli.terminal.streams import Terminal
from kled.operations.runner import Report, Row
from kled.operations.step import Step

DONE = Row("take a snapshot", "done", 0.25, 1, "snapshot A (level 1)")
FAILED = Row("edit cluster", "failed", 0.25, 1, "kops refuses it")
CALL: Any = SimpleNamespace(
    settings=SimpleNamespace(output="table"), say=lambda *lines: streams.err().say(*lines)
)


def lines(*rows: Row, results: bool) -> list[str]:
    stream = io.StringIO()
    watching = PlainLines(Terminal(stream), verbose=False, results=results)
    for row in rows:
        watching.ended(row)
    return stream.getvalue().splitlines()


def test_why_a_step_failed_is_left_to_the_error() -> None:
    assert lines(DONE, FAILED, results=True) == [
        "take a snapshot: done in 0.2 s: snapshot A (level 1)",
        "edit cluster: failed in 0.2 s",
    ]


def test_what_a_command_shows_by_itself_is_not_said_before() -> None:
    assert lines(DONE, results=False) == ["take a snapshot: done in 0.2 s"]


def test_the_live_list_leaves_the_same_to_others() -> None:
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=200)
    steps = LiveSteps(console)
    steps.ended(DONE)
    steps.ended(FAILED)
    console.print(steps.render())

    assert "snapshot A (level 1)" in stream.getvalue()
    assert "kops refuses it" not in stream.getvalue()


@pytest.mark.parametrize("together", [True, False])
def test_a_table_comes_where_the_steps_were_not_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    log, other = (tmp_path / "log").open("w"), (tmp_path / "other").open("w")
    with log, other:
        monkeypatch.setattr(sys, "stdout", log)
        monkeypatch.setattr(sys, "stderr", log if together else other)
        execute.show_report(CALL, Report("edit cluster", "c", (DONE,)))

    assert ("snapshot A" in (tmp_path / "log").read_text()) is not together


def test_off_a_terminal_a_kops_that_repeats_a_task_is_heard_twice_a_minute() -> None:  # fault 69
    stream, now = io.StringIO(), [0.0]
    watching = PlainLines(Terminal(stream), verbose=False, monotonic=lambda: now[0])
    for second in range(0, 100, 10):
        now[0] = float(second)
        watching.line(
            f'W1124 00:00:0{second // 10}.1 1 executor.go:141] error running task "IAMRole/nodes"'
            f" ({600 - second}s remaining to succeed): AccessDenied"
        )
        watching.line("I1124 00:00:00.1 1 executor.go:171] Continuing to run 2 task(s)")

    assert stream.getvalue().splitlines() == [
        f'  kops: error running task "IAMRole/nodes" ({left}s remaining to succeed): AccessDenied'
        for left in (570, 540, 510)
    ]


def test_a_kops_without_warnings_is_heard_as_well() -> None:
    stream, now = io.StringIO(), [0.0]
    watching = PlainLines(Terminal(stream), verbose=False, monotonic=lambda: now[0])
    watching.line("I1124 00:00:00.1 1 executor.go:171] Tasks: 5 done / 80 total")
    now[0] = 31.0
    watching.line("I1124 00:00:31.1 1 executor.go:171] Tasks: 9 done / 80 total")

    assert stream.getvalue() == "  kops: Tasks: 9 done / 80 total\n"


def test_what_kops_only_says_is_whole(tmp_path: Path) -> None:
    # a member of fault 59: a line that begins with W or E was taken for an entry of klog's, and cut
    stream, time = io.StringIO(), [0.0]
    watching = PlainLines(Terminal(stream), verbose=False, monotonic=lambda: time[0])
    steps = LiveSteps(cast("Any", None))
    for line in (
        "W1130 03:21:44.05       1 executor.go:152] a warning",
        "Error: [spec.x] is wrong",
    ):
        watching.line(line)
        steps.line(line)
        time[0] += 31

    assert stream.getvalue() == "  kops: a warning\n"
    watching.line("Error: [spec.x] is wrong")
    assert stream.getvalue() == "  kops: a warning\n  kops: Error: [spec.x] is wrong\n"
    assert steps._line == "Error: [spec.x] is wrong"


def test_how_far_a_step_is_stays_while_kops_talks() -> None:
    # a member of fault 59: the next line of kops took its place
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=200)
    steps = LiveSteps(console)
    steps.started(Step("rolling update", lambda _session: ""))
    steps.note("nodes: 1 of 3 machines replaced")
    steps.line("I1130 03:21:44.05       1 instancegroups.go:152] Draining the node")
    console.print(steps.render())

    assert "nodes: 1 of 3 machines replaced · Draining the node" in stream.getvalue()


def test_whom_a_run_waits_for_is_told_wherever_it_is_looked_at() -> None:
    """A run here that waited for an approval said nothing: it seemed to hang."""
    lines = ["update-cluster of c waits for an approval", "look and answer: kled approve \x1b[2J"]
    from rich.console import Console

    plain, live = io.StringIO(), io.StringIO()
    console = Console(file=live, width=60)
    steps = LiveSteps(console)

    PlainLines(Terminal(plain), verbose=False).waits("an approval", lines)
    steps.waits("an approval", lines)
    console.print(steps.render())

    for shown in (plain.getvalue(), live.getvalue()):
        assert lines[0] in shown
        assert "kled approve " in shown
        assert "\x1b[2J" not in shown
    assert "wait for an approval" in live.getvalue()
