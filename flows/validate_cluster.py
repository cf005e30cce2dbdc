"""Say whether clusters are healthy."""

from kled import durations
from kled.operations.validate_cluster import ValidateCluster
from kled.operations.validate_clusters import ValidateClusters
from tasks import health, language, operation
from tasks.forms import ClusterName, Duration
from tasks.language import Earlier
from tasks.operation import Outcome


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
) -> Outcome:
    """Wait until a cluster validates, or look at all; announce whether they are healthy.

    Safe to run at any time: it only reads.

    Args:
        name: The cluster; all where none is named.
        wait: How long one may take to validate; left out, 30m, and where all are looked at 5m.
    """
    patience = durations.parse(wait) if wait is not None else None
    if name is not None:
        one = ValidateCluster(name) if patience is None else ValidateCluster(name, patience)
        return operation.run(one, then=(f"kled kops get-instances --name={name}",))
    look = ValidateClusters() if patience is None else ValidateClusters(patience)
    outcome = operation.run(look, then=("kled kops validate-cluster",), tells=False)
    health.publish(look, outcome)
    return outcome
