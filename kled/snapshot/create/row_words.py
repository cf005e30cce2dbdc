"""What went wrong with one cluster of a run, as the text of its row."""

import logging
from typing import Final

from kled.errors import DocumentDamaged, KledError
from kled.kops.state_store import layout
from kled.snapshot.create.results import ClusterResult
from kled.snapshot.create.selection import Orphan, Selection

_SHOWN: Final = 200
_NAMED: Final = 5
UNCOPIED: Final = "cannot be copied, and kops reads it"
"""Why a snapshot is not trusted that lacks what stands there in place of a file."""


def explain_failure(error: Exception) -> KledError:
    """Return the error as one of kled's; an unexpected one is logged with its traceback."""
    if isinstance(error, KledError):
        return error
    logging.getLogger(__name__).error("a snapshot failed", exc_info=error)
    return KledError(
        f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:_SHOWN]}",
        hint="this is a bug in kled; please report it with the log",
    )


def explain_unfit(orphan: Orphan, state_store: str) -> ClusterResult | None:
    """Return the failure of a link, or the like, that kops may take for a cluster; else None."""
    if not (orphan.unfit and layout.is_cluster_name(orphan.name)):
        return None
    error = DocumentDamaged(
        f"{state_store}/{orphan.name}",
        f"it is {orphan.unfit}, which kled neither follows nor opens: no snapshot has what is"
        " behind it",
        hint="put the directory itself there, or move it out of the state store",
    )
    return ClusterResult(orphan.name, None, error=error)


def name_left_out(chosen: Selection) -> tuple[str, ...]:
    """Name the objects that no snapshot can hold, with the reason."""
    return tuple(f"{skipped.key}: {skipped.reason}" for skipped in chosen.odd)


def name_linked(chosen: Selection) -> tuple[str, ...]:
    """Name the files that have another name, through which others may change them."""
    rest = len(chosen.linked) - _NAMED
    more = [f'cluster "{chosen.cluster}": so have {rest} more of its objects'] if rest > 0 else []
    return (
        *(
            f'cluster "{chosen.cluster}": {key} has another name (a hard link), through which it'
            " can be changed; it was taken as it is"
            for key in chosen.linked[:_NAMED]
        ),
        *more,
    )
