"""An interrupted scale-down, which the next change of the cluster reports, and how to abandon it.

While it is open, the group launches nothing and nodes are cordoned. A roll would wait for machines
that never come, and an update with bounds that are already lowered ends machines undrained.
"""

from dataclasses import dataclass
from typing import Final

from kled.errors import DocumentDamaged, NotApproved
from kled.operations import ways_back
from kled.operations.guards.guards import SCALES
from kled.operations.guards.living_writer import living_writer
from kled.operations.identity import identity_check
from kled.operations.instance_group.ends_of_scaling import finish, ways_on
from kled.operations.instance_group.giving_back import give_back
from kled.operations.records import scale_journal
from kled.operations.records.scale_journal import OpenScaleDown
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE

STEP: Final = "give group back"


def of_group(session: Session, cluster: str, group: str) -> OpenScaleDown | None:
    """Return the open scale-down of the group, or of the only group that `group` is a prefix of."""
    begun = scale_journal.read(session, cluster)
    if begun is None or not (f"{begun.instance_group}-").startswith(f"{group}-"):
        return None
    return begun


def words(session: Session, cluster: str) -> str | None:
    """Say, for a preview, that a scale-down was interrupted; None where none was. Only reads."""
    try:
        begun = scale_journal.read(session, cluster)
    except DocumentDamaged as error:
        return f"{error.message}; {error.hint}"
    if begun is None:
        return None
    return f'scaling "{begun.instance_group}" down was interrupted: {ways_on(cluster, begun)}'


def require_none(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where a scale-down of the cluster was interrupted, or is under way.

    Only reads.
    """
    begun = scale_journal.read(session, cluster)
    if begun is None:
        return
    if (holder := living_writer(session, cluster)) is not None:
        raise NotApproved(
            f'scaling "{begun.instance_group}" down is under way (held by {holder})',
            hint="look again when it has ended",
        )
    raise NotApproved(
        f'scaling "{begun.instance_group}" down was interrupted, and what it left stands',
        hint=ways_on(cluster, begun),
    )


@dataclass(frozen=True, slots=True)
class AbandonScaling:
    """Let the group of an interrupted scale-down launch again, and uncordon its nodes."""

    cluster: str
    api_server: str | None = None
    """Address of the Kubernetes API, in place of the cluster's own."""

    name = "abandon scaling"
    guards = SCALES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps. Safe to repeat and to kill, as `give_back` is."""
        back, effect = ways_back.KnownWayBack(), Effect()

        def act(session: Session) -> str:
            effect.begins()
            begun = scale_journal.read(session, self.cluster)
            if begun is not None:
                back.are(f"scale the group again: {finish(self.cluster, begun)}")
            outcome = give_back(session, self.cluster, self.api_server)
            effect.ends(begun)
            return outcome

        step = Step(STEP, act, CHANGE, way_back=ways_back.UNKNOWN, changed=effect, back=back)
        return (identity_check.step(self.cluster), step)
