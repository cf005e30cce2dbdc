"""Kops' failures to kled's errors.

What no row of `kled.kops.failures` knows stays a `KopsError` with kops' own last `Error:` line as
its message: nothing is guessed.
"""

import re
from typing import Final

from kled.errors import KopsError
from kled.kops.causes import CAUSES, CLOUD, THROTTLED
from kled.kops.failures import FAILURES, REJECTED, UNAVAILABLE
from kled.kops.row import Row

_KEPT: Final = 20
"""Lines of stderr that an error keeps."""
_RETRIED: Final = re.compile(r"error running task|error deleting resources?, will retry")


def classify(command: str, returncode: int, stdout: str, stderr: str) -> KopsError:
    """Return the error for a kops call that ended with `returncode`; its texts are redacted.

    The last `Error:` line decides, with the lines above it where a row asks for them. Kops has no
    other statuses than 1, 2 (panic, capture C04c) and those of signals.
    """
    kept = "\n".join(stderr.splitlines()[-_KEPT:])
    error = (
        _known(FAILURES, stderr)
        or _known(CLOUD, last_error(stderr))  # a refused definition may quote the cloud's refusal
        or _known((*REJECTED, *UNAVAILABLE), stderr)
        or _unknown(command, returncode, stdout, stderr)
    )
    error.command, error.stderr = command, kept
    return error


def permanent_cause(line: str) -> KopsError | None:
    """Return the error where `line` of the running kops says that waiting is in vain, else None.

    Kops retries every failing cloud task and every failing deletion for 10 minutes, whatever the
    cloud said (`executor.go`, capture C05c; `delete.go`). Throttling, 5xx, unreachable hosts,
    capacity, and what the cloud will know in a moment (a role or a subnet made just now) are left
    to it.
    """
    if _RETRIED.search(line) is None or _known(THROTTLED, line) is not None:
        return None
    return _known(CAUSES, line)


def last_error(stderr: str) -> str:
    """Return the words of the last `Error:` line, empty where there is none."""
    lines = [line for line in stderr.splitlines() if line.startswith("Error: ")]
    return lines[-1].removeprefix("Error: ").strip() if lines else ""


def _known(rows: tuple[Row, ...], stderr: str) -> KopsError | None:
    for row in rows:
        error = row.match(stderr)
        if error is not None:
            return error
    return None


def _unknown(command: str, returncode: int, stdout: str, stderr: str) -> KopsError:
    said = last_error(stderr)
    if not said:
        lines = (stderr.strip() or stdout.strip()).splitlines()
        said = lines[-1].strip() if lines else "it said nothing"
        ended = f"by signal {-returncode}" if returncode < 0 else f"with status {returncode}"
        said = f"kops {command} ended {ended}: {said}"
    return KopsError(said)
