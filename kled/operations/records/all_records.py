"""Every record that operations keep of a cluster: the one list that a deletion goes through."""

from typing import Any, Final

from kled.operations.records import (
    approved_plan,
    begun_deletion,
    open_restore,
    origin,
    roll_journal,
    scale_journal,
)
from kled.operations.records.record import Record
from kled.operations.session import Session

ALL: Final[tuple[Record[Any], ...]] = (
    approved_plan.RECORD,
    roll_journal.RECORD,
    scale_journal.RECORD,
    open_restore.RECORD,
    origin.RECORD,
    begun_deletion.RECORD,
)
"""The deletion's own is last: while it is there, a deletion that was killed is known to be open."""


def forget_all(session: Session, cluster: str) -> None:
    """Remove all that is on record of a cluster that is gone, so that another of its name is new.

    Safe to repeat and to kill: what ends the deletion goes last.
    """
    for record in ALL:
        record.forget(session, cluster)
