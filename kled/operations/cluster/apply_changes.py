"""The only place where kops may change a cluster's cloud, once every guard has seen the plan.

`update` and `reconcile` take a value that only `clear` returns, so that no path can leave a guard
out.
"""

from dataclasses import dataclass

from kled.kops.facts import plan_effects
from kled.models.plan import Plan
from kled.operations.guards import (
    applied_elsewhere,
    control_plane,
    kubernetes_order,
    own_places,
    shared_iam_roles,
    undrained,
)
from kled.operations.guards.consent import agree_to_every_plan
from kled.operations.identity import kept_keys
from kled.operations.instance_group.group_roles import with_roles
from kled.operations.records import applied_definition
from kled.operations.session import Session


@dataclass(frozen=True, slots=True)
class Cleared:
    """A plan that may be applied, and a remark for the report."""

    plan: Plan
    remark: str

    @property
    def summary(self) -> str:
        """The plan's totals, and the remark."""
        return f"{self.plan.summary}; {self.remark}" if self.remark else self.plan.summary


def clear(session: Session, plan: Plan, *, drained: str | None = None) -> Cleared:
    """Return the plan as one that may be applied; raises `NotApproved` otherwise. Only reads.

    The caller promises to drain the machines of the group `drained` itself.
    """
    own_places.require(session, plan.cluster)
    applied_elsewhere.require_applied_here(session, plan.cluster)
    kubernetes_order.require(session, plan.cluster)
    control_plane.require_plan(session, plan)
    undrained.require(session, plan, drained=drained)
    if plan_effects.iam(plan):
        shared_iam_roles.require_own_roles(session, plan.cluster)
    return Cleared(plan, kept_keys.require(session, plan))


def update(session: Session, cleared: Cleared, *, agreed: bool = False) -> None:
    """`kops update cluster --yes`. Safe to repeat, as `Kops.update` is.

    Raises `NotApproved` where somebody has to agree to the plan and nobody has (`agreed`,
    `consent`).
    """
    _require_consent(session, cleared, agreed=agreed)
    session.kops.cluster.update(cleared.plan.cluster)
    applied_definition.remember(session, cleared.plan.cluster)


def reconcile(session: Session, cleared: Cleared, *, agreed: bool = False) -> None:
    """`kops reconcile cluster --yes`. Safe to repeat, as `Kops.reconcile` is.

    Raises as `update` does.
    """
    _require_consent(session, cleared, agreed=agreed)
    session.kops.cluster.reconcile(cleared.plan.cluster)
    applied_definition.remember(session, cleared.plan.cluster)


def _require_consent(session: Session, cleared: Cleared, *, agreed: bool) -> None:
    if not agreed and session.consent is not agree_to_every_plan:
        session.consent(with_roles(session, cleared.plan))
