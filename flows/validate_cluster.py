"""Wait until a cluster validates."""

from kled import durations
from kled.operations.validate_cluster import ValidateCluster
from tasks import language, operation
from tasks.forms import ClusterName, Duration
from tasks.language import Earlier
from tasks.operation import Outcome


@language.flow(
    name="validate-cluster",
    flow_run_name="validate {name}",
    earlier={"patience": Earlier("wait", "m")},
)
@operation.reported
def validate_cluster(
    name: ClusterName,
    wait: Duration = "30m",
) -> Outcome:
    """Wait until a cluster validates, and announce whether it is healthy.

    Safe to run at any time: it only reads.

    Args:
        name: The cluster.
        wait: How long the cluster may take to validate.
    """
    return operation.run(
        ValidateCluster(name, durations.parse(wait)),
        then=(f"kled kops get-instances --name={name}",),
    )
