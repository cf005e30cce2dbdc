"""Say whether clusters could be brought back."""

from datetime import timedelta

from kled import durations
from kled.errors import InvalidInput
from kled.operations.health.check_health import CheckHealth
from kled.operations.health.looks.public import read_public
from tasks import health
from tasks.running import findings_table, language
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.parameter_types import ClusterName, Duration


@language.flow(
    name="check-health",
    flow_run_name="check health of {name}",
    unnamed="check health of all clusters",
)
@reported
def check_health(
    name: ClusterName | None = None,
    wait: Duration | None = None,
    skip: tuple[ClusterName, ...] = (),
    no_validate: bool = False,  # noqa: FBT001, FBT002 - a parameter of a form
) -> FlowOutcome:
    """Look whether clusters are healthy, and could be brought back; announce what is not.

    Safe to run at any time: it only reads.

    Args:
        name: The cluster; all where none is named.
        wait: How long one that does not validate is asked again; left out, once.
        skip: Clusters to leave out where all are looked at, such as those put to sleep.
        no_validate: Whether kops is not asked if clusters validate, so that stores alone are.
    """
    if name is not None and skip:
        raise InvalidInput("skip", "is for all clusters: leave out name")
    patience = durations.parse(wait) if wait is not None else timedelta(0)
    check = CheckHealth(name, patience, skip, validates=not no_validate, read_public=read_public)
    publish = findings_table.publish_afterwards(health.judge_health)
    then = ("kled check-health",)
    with reading(check.cluster, called=check.name, then=then, publish=publish) as done:
        fleet = health.read_fleet(check)
        validations = health.validate_fleet(check, fleet) if check.validates else ()
        etcd = health.check_etcd(check, fleet)
        keys = health.check_keys(check, fleet)
        snapshots = health.check_snapshots(check, fleet)
        rules = health.check_lifecycle_rules(check, fleet)
        looks = (validations, etcd, keys, snapshots, rules)
        health.judge_health(check, sum(looks, fleet.findings))
    return done.outcome
