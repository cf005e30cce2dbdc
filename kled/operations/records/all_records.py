"""The list of all records of a cluster, which a deletion removes."""

from typing import Any, Final

from kled.operations.records import (
    applied_definition,
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
    applied_definition.RECORD,
    approved_plan.RECORD,
    roll_journal.RECORD,
    scale_journal.RECORD,
    open_restore.RECORD,
    origin.RECORD,
    begun_deletion.RECORD,
)
"""The deletion's own comes last: while it exists, a killed deletion is known to be open."""


def forget_all(session: Session, cluster: str) -> None:
    """Remove all records of a cluster that is gone, so that a later one of its name starts afresh.

    Safe to repeat and to kill: the record that ends the deletion goes last.
    """
    for record in ALL:
        record.forget(session, cluster)
