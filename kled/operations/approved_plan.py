"""A plan that was approved by its digest: checked under the lease, remembered while it is applied.

`<state-store>/.kled/updates/<cluster>.json` holds the approved plan from before its first change
until nothing of it is left. So an interrupted apply goes on with the same digest, although what is
left of the plan has another one.
"""

import json
from dataclasses import dataclass
from typing import Final

from kled.errors import NotApproved, ObjectMissing
from kled.models.plan import Plan
from kled.models.plan_changes import differences, is_rest_of
from kled.operations import stores
from kled.operations.session import Session

FORMAT: Final = "kled.io/approved-plan/v1"
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Approved:
    """What somebody agreed to."""

    digest: str
    """Of the plan, in hex; at least its first 12 digits."""
    plan: Plan | None = None
    """The plan that this process has seen last; where it is the approved one, a refusal says what
    has changed since."""

    @property
    def known(self) -> Plan | None:
        """The approved plan, where this process has it."""
        seen = self.plan
        return seen if seen is not None and seen.digest.startswith(self.digest) else None


def require(session: Session, now: Plan, approved: Approved) -> str:
    """Return in words why `now` may be applied; reads only.

    Raises `NotApproved` that names what has changed where `now` is neither the approved plan, nor
    what an interrupted apply of it left, nor empty.
    """
    if now.is_empty:
        return "nothing to change"
    if now.digest.startswith(approved.digest):
        return f"the plan is the approved one, {approved.digest[:12]}"
    begun = _begun(session, now.cluster)
    known = begun if begun and begun.digest.startswith(approved.digest) else None
    if known is not None and is_rest_of(now, known):
        return f"the rest of the approved plan {approved.digest[:12]}: {now.summary}"
    raise _changed(now, approved, known or approved.known)


def remember(session: Session, now: Plan, approved: Approved) -> None:
    """Keep the approved plan before its first change. Safe to repeat: the rest does not replace it.

    `now` was checked by `require`.
    """
    if not now.digest.startswith(approved.digest):
        return  # the rest of what is remembered
    body = {"format": FORMAT, "plan": now.as_json()}
    store = stores.state_store(session.settings, session.clock)
    store.put(_key(now.cluster), json.dumps(body, sort_keys=True).encode())


def forget(session: Session, cluster: str) -> None:
    """End what `remember` began. Safe to repeat; killed before it, the next apply finds no rest."""
    stores.state_store(session.settings, session.clock).delete(_key(cluster))


def _begun(session: Session, cluster: str) -> Plan | None:
    try:
        stored = stores.state_store(session.settings, session.clock).get(_key(cluster))
        document = json.loads(stored.body)
        return Plan.from_json(document["plan"]) if document["format"] == FORMAT else None
    except (ObjectMissing, ValueError, KeyError, TypeError):
        return None  # without it the approval counts for the whole plan alone


def _key(cluster: str) -> str:
    """Return the key: outside every cluster's prefix, which kops refuses to delete otherwise."""
    return f".kled/updates/{cluster}.json"


def _changed(now: Plan, approved: Approved, known: Plan | None) -> NotApproved:
    if known is not None:
        what = list(differences(known, now))
    else:
        what = [f"{one.action} {one.kind}/{one.name}" for one in now.changes]
    more = f"; and {len(what) - _SHOWN} more" if len(what) > _SHOWN else ""
    lead = "" if known is not None else "it is now: "
    return NotApproved(
        f"the plan is {now.digest[:12]} now, not {approved.digest[:12]}:"
        f" {lead}{'; '.join(what[:_SHOWN])}{more}",
        hint=f"look at it with kled kops update-cluster --name={now.cluster} and approve that one;"
        " nothing was changed",
    )
