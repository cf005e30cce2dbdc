"""What the operations on snapshots share: the name of all clusters, rows, and progress.

They touch stores alone: their sessions have no kops. Each is one step, which may run twice and die
anywhere, as the modules of `kled.snapshot` say; what was done is in `results` when it has ended.
"""

from typing import TYPE_CHECKING, Any, Final

from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.progress import Counts

ALL: Final = "all clusters"


Rows = list[dict[str, Any]]


def count_for(session: Session) -> "Counts":
    """Return a progress whose counts go to whoever looks on."""
    from kled.snapshot.progress import Counts  # noqa: PLC0415 - not for --help

    return Counts(session.note, session.tell, session.clock.monotonic)
