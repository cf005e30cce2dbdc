"""An interrupted roll, which the next look at the cluster reports and the next roll ends.

What it had cordoned and tainted stays so until then, even where no machine is left to replace.
"""

from kled.operations.guards.living_writer import living_writer
from kled.operations.records import roll_journal
from kled.operations.session import Session
from kled.sentences import options


def is_open(session: Session, cluster: str) -> bool:
    """Say whether a roll of the cluster has begun and not ended. Only reads."""
    return roll_journal.read(session, cluster).begun is not None


def words(session: Session, cluster: str) -> str | None:
    """Say that a roll was interrupted, and what ends it; None where none was. Only reads.

    A roll of another writer that lives is no interrupted one (`under_way`).
    """
    begun = roll_journal.read(session, cluster).begun
    if begun is None or living_writer(session, cluster) is not None:
        return None
    roll = f"kled kops rolling-update {options(name=cluster)}"
    again = f"; go on replacing every machine: {roll} --force --yes" if begun.forced else ""
    return (
        "a rolling update was interrupted: nodes may still be cordoned and tainted by it; give them"
        f" back, and replace what needs it: {roll} --yes{again}"
    )


def under_way(session: Session, cluster: str) -> str | None:
    """Say that another writer, which lives, rolls the cluster; None where none does. Only reads."""
    if not is_open(session, cluster) or (holder := living_writer(session, cluster)) is None:
        return None
    return f"a rolling update is under way (held by {holder}); look again when it has ended"
