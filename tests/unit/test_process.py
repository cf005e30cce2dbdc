import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from kled import process
from kled.errors import DeadlineExceeded, SettingsError

ENV = {"PATH": os.environ["PATH"]}
LONG = timedelta(seconds=60)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_output_and_status_of_a_child_are_returned() -> None:
    done = process.run(["sh", "-c", "echo out; echo err >&2; exit 3"], env=ENV, timeout=LONG)

    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_lines_reach_the_caller_as_they_come_and_in_its_thread() -> None:
    seen: list[tuple[str, str, float]] = []
    started = time.monotonic()

    process.run(
        ["sh", "-c", "echo first; sleep 1; echo second >&2"],
        env=ENV,
        timeout=LONG,
        on_line=lambda stream, line: seen.append((stream, line, time.monotonic() - started)),
    )

    assert [(stream, line) for stream, line, _ in seen] == [
        ("stdout", "first"),
        ("stderr", "second"),
    ]
    assert seen[1][2] - seen[0][2] > 0.5


def test_a_child_reads_nothing_and_sees_only_the_given_environment() -> None:
    done = process.run(["sh", "-c", "cat; env"], env={**ENV, "ONLY": "this"}, timeout=LONG)

    names = {line.split("=")[0] for line in done.stdout.splitlines()}
    assert names <= {"PATH", "ONLY", "PWD", "SHLVL", "_", "OLDPWD"}


def test_only_the_last_lines_of_stderr_are_kept() -> None:
    script = f"import sys; [print(n, file=sys.stderr) for n in range({process.STDERR_LINES} + 7)]"

    done = process.run([sys.executable, "-c", script], env=ENV, timeout=LONG)

    assert done.stderr.splitlines()[0] == "7"
    assert len(done.stderr.splitlines()) == process.STDERR_LINES


def test_a_child_is_stopped_at_the_deadline() -> None:
    pids: list[int] = []

    with pytest.raises(DeadlineExceeded, match="sleep 600 took longer than 1 second"):
        process.run(["sleep", "600"], env=ENV, timeout=timedelta(seconds=1), on_start=pids.append)

    assert not alive(pids[0])


def test_a_child_that_closes_its_streams_is_stopped_at_the_deadline_too() -> None:
    pids: list[int] = []

    with pytest.raises(DeadlineExceeded):
        process.run(
            ["sh", "-c", "exec >&- 2>&-; exec sleep 600"],
            env=ENV,
            timeout=timedelta(seconds=1),
            on_start=pids.append,
        )

    assert not alive(pids[0])


def test_a_talkative_child_is_stopped_at_the_deadline() -> None:
    with pytest.raises(DeadlineExceeded):
        process.run(["yes"], env=ENV, timeout=timedelta(seconds=0.5))


def test_a_child_is_stopped_when_the_caller_has_seen_enough() -> None:
    pids: list[int] = []

    def enough(_stream: str, line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError, match="go"):
        process.run(
            ["sh", "-c", "echo go; exec sleep 600"],
            env=ENV,
            timeout=LONG,
            on_line=enough,
            on_start=pids.append,
        )

    assert not alive(pids[0])


def test_a_grandchild_that_keeps_a_pipe_open_does_not_hold_the_caller() -> None:
    started = time.monotonic()

    done = process.run(["sh", "-c", "sleep 30 & echo $!"], env=ENV, timeout=LONG)

    os.kill(int(done.stdout), signal.SIGKILL)
    assert time.monotonic() - started < 20


def test_bytes_that_are_not_text_do_not_break_the_reader() -> None:
    done = process.run(["printf", r"\377ok\n"], env=ENV, timeout=LONG)

    assert done.stdout.endswith("ok\n")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(SettingsError, match="cannot run no-such-program"):
        process.run(["no-such-program"], env=ENV, timeout=LONG)


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    program = tmp_path / "kops"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)

    done = process.run([str(program)], env=ENV, timeout=LONG)

    assert done.returncode == 127
    assert "kops" in done.stderr


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_dies_with_its_parent(tmp_path: Path, end: signal.Signals) -> None:
    pid_file = tmp_path / "pid"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
                import os
                from datetime import timedelta
                from pathlib import Path
                from kled import process
                process.run(["sleep", "600"], env=dict(os.environ), timeout=timedelta(hours=1),
                            on_start=lambda pid: Path({str(pid_file)!r}).write_text(str(pid)))
            """),
        ]
    )
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.05)
    child = int(pid_file.read_text())
    time.sleep(0.3)  # the parent-death signal is set between fork and exec of sleep

    parent.send_signal(end)
    parent.wait()

    assert gone_within(child, 10)


def test_a_child_that_ignores_term_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TERM_GRACE", timedelta(seconds=0.5))
    pids: list[int] = []

    with pytest.raises(DeadlineExceeded):
        process.run(
            ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"],
            env=ENV,
            timeout=timedelta(seconds=1),
            on_start=pids.append,
        )

    assert not alive(pids[0])


def test_an_interactive_program_returns_its_status() -> None:
    assert process.interactive(["sh", "-c", "exit 4"], env=ENV) == 4


def test_an_interactive_program_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError, match="cannot run no-such-editor: no such file"):
        process.interactive(["no-such-editor"], env=ENV)
