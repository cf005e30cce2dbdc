"""Plan an update and tell people of it: for decisions that take longer than a run waits."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from tasks import approvals, operation, plans
from tasks.operation import Outcome


@flow(name="plan-update", flow_run_name="plan update of {cluster}", persist_result=False)
@operation.reported
def plan_update(cluster: Annotated[str, Field(min_length=1)]) -> Outcome:
    """Say what an update of a cluster would change, and what to type to apply just that.

    Changes nothing, waits for nobody. Where the rules ask about the plan people are told of it, at
    each run again: on a schedule until it is applied, or until there is nothing to change.

    Args:
        cluster: The cluster's name.
    """
    report, plan, radius = plans.examined(cluster)
    return {**report.as_json(), "approval": None, "next": list(approvals.announce(plan, radius))}
