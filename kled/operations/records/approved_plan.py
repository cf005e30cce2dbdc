"""A plan approved by its digest: checked under the lease, and remembered while it is applied.

`<state-store>/.kled/updates/<cluster>.json` holds the approved plan from before its first change
until nothing of it is left. So an interrupted update goes on with the same digest, although the
rest of the plan has another one.
"""

from dataclasses import dataclass
from typing import Final

from kled.documents import Fields
from kled.errors import NotApproved
from kled.models.plan import Action, Change, Plan
from kled.models.plan_changes import differences, is_rest_of
from kled.operations.records.record import Record
from kled.operations.session import Session
from kled.sentences import first_of

_ACTIONS: Final[dict[str, Action]] = {"create": "create", "modify": "modify", "delete": "delete"}
_SHOWN: Final = 6


def _plan_of(fields: Fields, cluster: str) -> Plan:
    stored = fields.child("plan")
    plan = Plan(stored.text("cluster"), tuple(map(_change_of, stored.children("changes"))))
    if plan.digest != stored.text("digest"):
        raise ValueError("the digest of its plan is not that of the changes")
    if plan.cluster != cluster:
        raise ValueError("it holds the plan of another cluster")
    return plan


def _change_of(fields: Fields) -> Change:
    action = _ACTIONS.get(fields.text("action"))
    if action is None:
        raise ValueError("an action of its plan is not create, modify or delete")
    values = fields.child("fields")
    return Change(
        action,
        fields.text("kind"),
        fields.text("name"),
        {name: values.text(name) for name in values.as_dict()},
    )


RECORD: Final[Record[Plan]] = Record(
    "updates",
    "kled.io/approved-plan/v1",
    lambda plan: {"plan": plan.as_json()},
    _plan_of,
    droppable=True,  # without it an approval counts for less: for the whole plan alone
    advice="an approval counts for a whole plan alone, and not for what an interrupted apply left",
)


@dataclass(frozen=True, slots=True)
class Approved:
    """What somebody agreed to."""

    digest: str
    """Of the plan, in hex; at least its first 12 digits."""
    plan: Plan | None = None
    """The plan that this process saw last; where it is the approved one, a refusal can say what
    has changed since."""

    @property
    def known(self) -> Plan | None:
        """The approved plan, if this process has it."""
        seen = self.plan
        return seen if seen is not None and seen.digest.startswith(self.digest) else None


def require(session: Session, now: Plan, approved: Approved) -> str:
    """Say why `now` may be applied. Only reads.

    Raises `NotApproved`, which names what has changed, unless `now` is the approved plan, the rest
    that an interrupted run of it left, or empty.
    """
    if now.is_empty:
        return "nothing to change"
    if now.digest.startswith(approved.digest):
        return f"the plan is still the one with the digest {approved.digest[:12]}"
    begun = RECORD.read(session, now.cluster)
    known = begun if begun and begun.digest.startswith(approved.digest) else None
    if known is not None and is_rest_of(now, known):
        return f"the rest of the plan with the digest {approved.digest[:12]}: {now.summary}"
    raise _changed(now, approved, known or approved.known)


def write(session: Session, now: Plan, approved: Approved) -> None:
    """Put the approved plan on record before its first change.

    `now` was checked by `require`. Safe to repeat: the rest of a plan does not replace it.
    """
    if now.digest.startswith(approved.digest):  # and not the rest of what is on record
        RECORD.write(session, now.cluster, now)


def forget(session: Session, cluster: str) -> None:
    """Remove the record. Safe to repeat: after a kill before it, the next update does that."""
    RECORD.forget(session, cluster)


def _changed(now: Plan, approved: Approved, known: Plan | None) -> NotApproved:
    if known is not None:
        what = list(differences(known, now))
    else:
        what = [f"{change.action} {change.kind}/{change.name}" for change in now.changes]
    lead = "" if known is not None else "it is now: "
    return NotApproved(
        f"the plan is {now.digest[:12]} now, not {approved.digest[:12]}:"
        f" {lead}{first_of(what, _SHOWN)}",
        hint=f"look at it with kled kops update-cluster --name={now.cluster} and approve that one;"
        " nothing was changed",
    )
