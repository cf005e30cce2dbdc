"""What the operations on snapshots share: the name for all clusters, rows, and progress.

They work on stores alone, in sessions without kops. Each is one step, idempotent and safe to kill,
as the modules of `kled.snapshot` say; `results` holds what was done when it has ended.
"""

from typing import TYPE_CHECKING, Any, Final

from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.progress import Counts

ALL: Final = "all clusters"


Rows = list[dict[str, Any]]


def count_for(session: Session) -> "Counts":
    """Return a progress that tells its counts to the session."""
    from kled.snapshot.progress import Counts  # noqa: PLC0415 - not for --help

    return Counts(session.note, session.tell, session.clock.monotonic)
