"""What Python itself prints passes the nets for secrets, too. Fault 56.

The hooks are those of a whole process, so a process shows it.
"""

import os
import subprocess
import sys

import pytest

SECRET = "Zk3vQ9xT7mB2cW8r"
STRAYS = f"""
import sys, threading, warnings

def fail():
    raise ValueError("used {SECRET} and ghp_0123456789abcdefghij")

def stray():
    thread = threading.Thread(target=fail, name="renewal")
    thread.start()
    thread.join()
    class Held:
        def __del__(self):
            fail()
    Held()
    warnings.warn("used {SECRET}")
"""
COMMAND = """
from kled.cli import app; from kled.cli.frame import command as leaf

@leaf.leaf("wait", examples=())
def wait(call):
    "Wait."
    stray()

app.ROOT.add_command(wait)
sys.exit(app.run(["wait", *sys.argv[1:]]))
"""
WATCHDOG = """
from kled.lease import watchdog

def attend(*_):
    stray()
    fail()

watchdog.attend = attend
watchdog.main()
"""
ENGINE = """
import logging
from kled.redact import Redactor
from tasks.running import logs

logging.getLogger().addHandler(logging.StreamHandler())
logs.install(Redactor(["Zk3vQ9xT7mB2cW8r"]))
stray()
fail()
"""
PROGRAMS = {"command": (COMMAND, 0), "watchdog": (WATCHDOG, 1), "engine": (ENGINE, 1)}


def ended(program: str, *arguments: str) -> tuple[int, str]:
    """Return the status and the words of a process with strays."""
    done = subprocess.run(
        [sys.executable, "-c", STRAYS + program, *arguments],
        env={**os.environ, "HCLOUD_TOKEN": SECRET},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("where", PROGRAMS)
def test_errors_that_nobody_catches_and_warnings_hold_no_secret(where: str) -> None:
    program, status = PROGRAMS[where]

    code, said = ended(program)

    assert code == status
    assert "an error ended renewal" in said
    assert "Exception ignored in: " in said
    assert "UserWarning: used [redacted]" in said
    assert status == 0 or "an error ended the process" in said
    assert SECRET not in said
    assert "0123456789abcdefghij" not in said


def test_a_traceback_is_shown_where_it_is_wanted() -> None:
    _, said = ended(COMMAND, "--verbose")

    assert "Traceback (most recent call last):" in said
    assert SECRET not in said


def test_a_hook_that_somebody_set_stays() -> None:
    program = """
import sys, threading, warnings
from kled.redact import log_strays
hooks = (print, repr, str, ascii)
threading.excepthook, sys.unraisablehook, sys.excepthook, warnings.showwarning = hooks
log_strays()
print((threading.excepthook, sys.unraisablehook, sys.excepthook, warnings.showwarning) == hooks)
"""
    assert "True" in ended(program)[1]


def test_an_interruption_stays_pythons() -> None:
    code, _ = ended("from kled.redact import log_strays\nlog_strays()\nraise KeyboardInterrupt")

    assert code in {-2, 130}
