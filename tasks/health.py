"""Whether clusters are healthy."""

from datetime import timedelta
from typing import Final

from kled.models.validation import ValidationReport
from kled.operations.fleet.all_clusters import Answer
from kled.operations.health import check_health as checking
from kled.operations.health import validate_cluster as validation
from kled.operations.health.check_health import CheckHealth, Fleet
from kled.operations.health.validate_clusters import ValidateClusters
from kled.operations.health.verdict import Findings
from kled.operations.step import Step
from tasks.running.task import kops_task

PATIENCE: Final = timedelta(minutes=30)


@kops_task()
def validate_cluster(cluster: str, wait: timedelta = PATIENCE) -> Step[ValidationReport]:
    """Wait until a cluster validates: `kops validate cluster`, again and again.

    It only reads. Raises `NotReadyInTime`, which names what is not healthy, where it is not by
    then.
    """
    return validation.validate_step(cluster, wait)


@kops_task()
def validate_clusters(look: ValidateClusters) -> Step[tuple[Answer, ...]]:
    """Ask every cluster whether it is healthy; return an answer for each.

    It only reads. Raises the worst of what is wrong with any of them.
    """
    (step,) = look.steps()
    return step


@kops_task()
def read_fleet(look: CheckHealth) -> Step[Fleet]:
    """List the clusters that are looked at, and read what the state store has of each.

    It only reads, as every task of a check does. Raises `ClusterNotFound` where there is none.
    """
    return checking.read_step(look)


@kops_task()
def validate_fleet(look: CheckHealth, fleet: Fleet) -> Step[Findings]:
    """Ask kops about each cluster, again until the patience is over; raises nothing of it."""
    return checking.validate_step(look, lambda: fleet)


@kops_task()
def check_etcd(look: CheckHealth, fleet: Fleet) -> Step[Findings]:
    """Look at etcd's control markers and backups of each cluster; raises nothing of it."""
    return checking.etcd_step(look, lambda: fleet)


@kops_task()
def check_keys(look: CheckHealth, fleet: Fleet) -> Step[Findings]:
    """Look how long certificates hold, and at discovery documents; raises nothing of it."""
    return checking.keys_step(look, lambda: fleet)


@kops_task()
def check_snapshots(look: CheckHealth, fleet: Fleet) -> Step[Findings]:
    """Look what the newest trusted snapshot of each brings back; raises nothing of it."""
    return checking.snapshots_step(look, lambda: fleet)


@kops_task()
def check_lifecycle_rules(look: CheckHealth, fleet: Fleet) -> Step[Findings]:  # noqa: ARG001 - whose
    """Look which rules of the stores' buckets could take what clusters live by."""
    return checking.lifecycle_step(lambda: fleet)


@kops_task()
def judge_health(look: CheckHealth, findings: Findings) -> Step[Findings]:  # noqa: ARG001 - whose
    """Say what the findings mean together; return them, the worst first.

    Raises `KledError` where something could not be looked at, `NotReadyInTime` where something
    has failed.
    """
    return checking.verdict_step(lambda: findings)
