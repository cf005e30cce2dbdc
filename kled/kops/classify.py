"""Kops' failures to kled's errors.

What no row of `kled.kops.failures` knows stays a `KopsError` with kops' own last `Error:` line as
its message: nothing is guessed.
"""

from typing import Final

from kled.errors import KopsError
from kled.kops.causes import CLOUD
from kled.kops.failures import FAILURES, REJECTED
from kled.kops.row import first
from kled.kops.unavailable import UNAVAILABLE

_KEPT: Final = 20
"""Lines of stderr that an error keeps."""


def classify(command: str, returncode: int, stdout: str, stderr: str) -> KopsError:
    """Return the error for a kops call that ended with `returncode`; its texts are redacted.

    The last `Error:` line decides, with the lines above it where a row asks for them. Kops has no
    other statuses than 1, 2 (panic, capture C04c) and those of signals.
    """
    kept = "\n".join(stderr.splitlines()[-_KEPT:])
    error = (
        first(FAILURES, stderr)
        or first(CLOUD, last_error(stderr))  # a refused definition may quote the cloud's refusal
        or first((*REJECTED, *UNAVAILABLE), stderr)
        or _unknown(command, returncode, stdout, stderr)
    )
    error.command, error.stderr = command, kept
    return error


def last_error(stderr: str) -> str:
    """Return the words of the last `Error:` line, empty where there is none."""
    lines = [line for line in stderr.splitlines() if line.startswith("Error: ")]
    return lines[-1].removeprefix("Error: ").strip() if lines else ""


def _unknown(command: str, returncode: int, stdout: str, stderr: str) -> KopsError:
    said = last_error(stderr)
    if not said:
        lines = (stderr.strip() or stdout.strip()).splitlines()
        said = lines[-1].strip() if lines else "it said nothing"
        ended = f"by signal {-returncode}" if returncode < 0 else f"with status {returncode}"
        said = f"kops {command} ended {ended}: {said}"
    return KopsError(said)
