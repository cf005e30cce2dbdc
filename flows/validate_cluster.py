"""Say whether clusters are healthy."""

from kled import durations
from kled.errors import InvalidInput
from kled.operations.validate_cluster import ValidateCluster
from kled.operations.validate_clusters import ValidateClusters
from tasks.running import health_table, language, operation
from tasks.running.forms import ClusterName, Duration
from tasks.running.language import Earlier
from tasks.running.operation import Outcome


@language.flow(
    name="validate-cluster",
    flow_run_name="validate {name}",
    unnamed="validate all clusters",
    earlier={"patience": Earlier("wait", "m")},
)
@operation.reported
def validate_cluster(
    name: ClusterName | None = None,
    wait: Duration | None = None,
    skip: tuple[ClusterName, ...] = (),
) -> Outcome:
    """Wait until a cluster validates, or look at all; announce whether they are healthy.

    Safe to run at any time: it only reads.

    Args:
        name: The cluster; all where none is named.
        wait: How long one may take to validate; left out, 30m, and where all are looked at 5m.
        skip: Clusters to leave out where all are looked at, such as those put to sleep.
    """
    patience = durations.parse(wait) if wait is not None else None
    if name is not None:
        if skip:
            raise InvalidInput("skip", "is for all clusters: leave out name")
        one = ValidateCluster(name) if patience is None else ValidateCluster(name, patience)
        return operation.run(one, then=(f"kled kops get-instances --name={name}",))
    look = ValidateClusters(skip=skip)
    if patience is not None:
        look = ValidateClusters(patience, skip)
    outcome = operation.run(look, then=("kled kops validate-cluster",), tells=False)
    health_table.publish(look, outcome)
    return outcome
