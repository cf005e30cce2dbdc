"""Say whether clusters are healthy."""

from kled import durations
from kled.errors import InvalidInput
from kled.operations.health.validate_clusters import ValidateClusters
from tasks import health
from tasks.running import health_table, language
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import EarlierSpelling
from tasks.running.parameter_types import ClusterName, Duration


@language.flow(
    name="validate-cluster",
    flow_run_name="validate {name}",
    unnamed="validate all clusters",
    earlier={"patience": EarlierSpelling("wait", "m")},
)
@reported
def validate_cluster(
    name: ClusterName | None = None,
    wait: Duration | None = None,
    skip: tuple[ClusterName, ...] = (),
) -> FlowOutcome:
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
        then = (f"kled kops get-instances --name={name}",)
        with reading(name, called="validate cluster", then=then) as done:
            health.validate_cluster(name, patience if patience is not None else health.PATIENCE)
        return done.outcome
    look = ValidateClusters(skip=skip)
    if patience is not None:
        look = ValidateClusters(patience, skip)
    publish = health_table.publish_afterwards(health.validate_clusters)
    then = ("kled kops validate-cluster",)
    with reading(look.cluster, called=look.name, then=then, publish=publish) as done:
        health.validate_clusters(look)
    return done.outcome
