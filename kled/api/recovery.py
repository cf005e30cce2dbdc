"""The way back after a loss."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kled.api.calls import Calls
from kled.kops.state_store.layout import require_cluster_name
from kled.operations.recovery.plan_recovery import PlanRecovery, plan_recovery

if TYPE_CHECKING:
    from kled.recovery.facts import Case
    from kled.recovery.plan.recovery_plan import RecoveryPlan


@dataclass(frozen=True, slots=True)
class Recovery:
    """Says which case a loss is, and which steps lead back. Changes nothing."""

    _calls: Calls

    def plan(
        self, cluster: str, *, to: str | None = None, case: "Case | None" = None
    ) -> "RecoveryPlan":
        """Look at what is left of the cluster, and plan how it comes back.

        `to` is the URL of another state store of the same kind that it is to live in, `case` what a
        person knows and looks cannot tell. Needs neither kops nor a state store that answers: what
        could not be told is in the plan. Raises `InvalidInput` for a `to` or a `case` that does not
        fit what is known.
        """
        wish = PlanRecovery(require_cluster_name(cluster), to, case)
        with self._calls.session(with_kops=False) as session:
            return plan_recovery(session, wish)
