"""Plan an update and tell people of it: for decisions that take longer than a run waits."""

from tasks.running import approvals, language, plans, previews
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import CLUSTER
from tasks.running.parameter_types import ClusterName


@language.flow(name="plan-update", flow_run_name="plan update of {name}", earlier=CLUSTER)
@reported
def plan_update(name: ClusterName) -> FlowOutcome:
    """Say what an update of a cluster would change, and what to type to apply just that.

    Changes nothing, waits for nobody. Where the rules ask about the plan people are told of it, at
    each run again: on a schedule until it is applied, or until there is nothing to change.

    Args:
        name: The cluster.
    """
    report, plan, radius = plans.plan_update_with_report(name)
    return previews.announce_preview(report, plan, radius, approvals.announce(plan, radius))
