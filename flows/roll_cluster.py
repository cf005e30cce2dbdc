"""Roll a cluster's machines: look first, snapshot, group by group, halt cleanly, go on later."""

from datetime import timedelta
from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.models.rolling import Roll
from kled.operations.roll_cluster import Pace, RollCluster
from tasks import approvals, operation, plans
from tasks.operation import Outcome


@flow(name="roll-cluster", flow_run_name="roll {cluster}", persist_result=False)
@operation.reported
def roll_cluster(  # noqa: PLR0913 - each is asked for by name in the UI
    cluster: Annotated[str, Field(min_length=1)],
    instance_groups: tuple[str, ...] = (),
    canary: str | None = None,
    pause: Annotated[int, Field(ge=0, le=1440)] = 0,
    group_deadline: Annotated[int | None, Field(ge=1, le=10_080)] = None,
    digest: Annotated[str | None, Field(pattern=r"^[0-9a-f]{12,64}$")] = None,
    *,
    force: bool = False,
    skip_preflight: bool = False,
) -> Outcome:
    """Replace the machines that do not run what the definition says, in their safe order.

    What would block it is named before anything starts. A failure halts it with nothing cordoned by
    it; run again, after that or after a kill, it replaces only the machines that still need it.

    Args:
        cluster: The cluster's name.
        instance_groups: Only these groups; all where none is named.
        canary: The group that goes first among those of its role, or one machine by its id.
        pause: Minutes to wait after each group, for people to look.
        group_deadline: Minutes that a group may take; by default 45 for each of its machines.
        digest: The digest of a roll that was approved, as an earlier run shows it.
        force: Also replace machines that need no update.
        skip_preflight: Roll although budgets block or nodes are not ready.
    """
    pace = Pace(
        canary,
        timedelta(minutes=pause),
        timedelta(minutes=group_deadline) if group_deadline else None,
        preflight=not skip_preflight,
    )
    roll = Roll(instance_groups=instance_groups, force=force)
    plan = plans.roll(cluster, roll)
    agreement = approvals.obtain(plan, None, approved=digest)
    return operation.run(
        RollCluster(cluster, roll, pace, agreement.digest),
        then=(f"kled kops validate-cluster --name={cluster}",),
        agreement=agreement,
    )
