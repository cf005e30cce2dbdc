"""An interrupted roll, which the next look at the cluster reports and the next roll ends.

What it had cordoned and tainted stays so until then, even where no machine is left to replace.
"""

from kled.models.rolling import Roll
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
    roll = command(cluster, Roll(begun.groups, begun.cloudonly))
    again = ""
    if begun.forced:
        every = command(cluster, Roll(begun.groups, begun.cloudonly, force=True))
        again = f"; go on replacing every machine{_of(begun.groups)}: {every}"
    return (
        "a rolling update was interrupted: nodes may still be cordoned and tainted by it; give them"
        f" back, and replace what needs it: {roll}{again}"
    )


def command(cluster: str, roll: Roll) -> str:
    """Return the command of such a roll: the same groups, and no machine that nobody asked for."""
    asked = options(
        name=cluster,
        instance_group=roll.instance_groups,
        cloudonly=roll.cloudonly,
        force=roll.force,
        yes=True,
    )
    return f"kled kops rolling-update {asked}"


def _of(groups: tuple[str, ...]) -> str:
    return f" of {', '.join(groups)}" if groups else ""


def under_way(session: Session, cluster: str) -> str | None:
    """Say that another writer, which lives, rolls the cluster; None where none does. Only reads."""
    if not is_open(session, cluster) or (holder := living_writer(session, cluster)) is None:
        return None
    return f"a rolling update is under way (held by {holder}); look again when it has ended"
