"""A roll that somebody interrupted: seen by whoever looks at the cluster next, ended by the next.

What it had cordoned and tainted stays so, also where no machine needs to be replaced any more.
"""

from kled.operations.records import roll_journal
from kled.operations.session import Session
from kled.sentences import options


def is_open(session: Session, cluster: str) -> bool:
    """Whether a roll of the cluster has begun and not ended. Only reads."""
    return roll_journal.read(session, cluster).begun is not None


def words(session: Session, cluster: str) -> str | None:
    """Say that a roll was interrupted, and what ends it; None where none was. Only reads."""
    begun = roll_journal.read(session, cluster).begun
    if begun is None:
        return None
    roll = f"kled kops rolling-update {options(name=cluster)}"
    again = f"; go on replacing every machine: {roll} --force --yes" if begun.forced else ""
    return (
        "a rolling update was interrupted: nodes may still be cordoned and tainted by it; give them"
        f" back, and replace what needs it: {roll} --yes{again}"
    )
