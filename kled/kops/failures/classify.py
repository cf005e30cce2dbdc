"""Kops' failures to kled's errors.

What no row of `kled.kops.failures.table` knows stays a `KopsError` with kops' own last `Error:`
line as its message: nothing is guessed.
"""

from typing import Final

from kled.errors import ApiUnreachable, DefinitionRejected, KopsError, VersionRefused
from kled.kops.failures import klog, placeholder
from kled.kops.failures.causes import CLOUD
from kled.kops.failures.failure_row import FailureRow, first
from kled.kops.failures.rejected import REJECTED
from kled.kops.failures.table import FAILURES
from kled.kops.failures.unavailable import UNAVAILABLE

_OLDER: Final = (
    FailureRow(
        r"last updated by kops version (\S+)\s+To permit updating by the older version (\S+), run"
        r"[^\0]*^Error: kops version older than last used to update the cluster",
        VersionRefused,
        "the cluster was last updated by kops {0}, and this is kops {1}, which is older;"
        " nothing was changed",
        "N-kv-new-yes",
        "take the newer one: kled kops install --version={0}; to go back to kops {1} on purpose,"
        " which may undo what {0} wrote: kops update cluster --allow-kops-downgrade, with kops"
        " itself",
    ),
    FailureRow(
        r"^Error: error parsing last kops version updated: (.*)",
        DefinitionRejected,
        "kops-version.txt of the cluster, which says by which kops it was last updated, holds no"
        " version: {}",
        "N-kv-odd-prev",
        "write the version into that object of the state store, for example 1.36.2, or see what"
        " the newest trusted snapshot puts back: kled snapshot list",
    ),
)
"""What kops says of a cluster that another kops has updated: the versions stand on stdout."""
_KEPT: Final = 20
"""Lines of stderr that an error keeps."""


def classify(command: str, returncode: int, stdout: str, stderr: str) -> KopsError:
    """Return the error for a kops call that ended with `returncode`; its texts are redacted.

    The `Error:` line decides, with the lines above it where a row asks for them; one that a name
    forged does not (`klog.own`). Kops has no other statuses than 1, 2 (panic, capture C04c) and
    those of signals.
    """
    kept = "\n".join(stderr.rstrip("\n").split("\n")[-_KEPT:])
    stderr = klog.own(stderr)
    error = (
        first(_OLDER, f"{stdout}\n{stderr}")
        or first(FAILURES, stderr)
        or first(CLOUD, last_error(stderr))  # a refused definition may quote the cloud's refusal
        or first((*REJECTED, *UNAVAILABLE), stderr)
        or _unknown(command, returncode, stdout, stderr)
    )
    if isinstance(error, ApiUnreachable):
        placeholder.explain(error)
    error.command, error.stderr = command, kept
    return error


def last_error(stderr: str) -> str:
    """Return the words of the last `Error:` line of kops' own, empty where there is none."""
    lines = [line for line in klog.own(stderr).split("\n") if line.startswith("Error: ")]
    return lines[-1].removeprefix("Error: ").strip() if lines else ""


def _unknown(command: str, returncode: int, stdout: str, stderr: str) -> KopsError:
    said = last_error(stderr)
    if not said:
        lines = (stderr.strip() or stdout.strip()).split("\n")
        said = lines[-1].strip() or "it said nothing"
        ended = f"by signal {-returncode}" if returncode < 0 else f"with status {returncode}"
        said = f"kops {command} ended {ended}: {said}"
    return KopsError(said)
