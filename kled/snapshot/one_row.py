"""What went wrong with one cluster of a run, as the words of its row: never more than that."""

import logging
from typing import Final

from kled.errors import KledError
from kled.snapshot.selection import Selection

_SHOWN: Final = 200


def one_row(error: Exception) -> KledError:
    """Return the error as one of kled's; one that nobody raised on purpose is logged whole."""
    if isinstance(error, KledError):
        return error
    logging.getLogger(__name__).error("a snapshot failed", exc_info=error)
    return KledError(
        f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:_SHOWN]}",
        hint="this is a bug in kled; please report it with the log",
    )


def left_out(chosen: Selection) -> tuple[str, ...]:
    """Name the objects whose keys no snapshot can hold, with the reason."""
    return tuple(f"{one.key}: {one.reason}" for one in chosen.odd)
