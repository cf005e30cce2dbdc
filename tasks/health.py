"""Whether clusters are healthy."""

from datetime import timedelta
from typing import Final

from kled.models.validation import ValidationReport
from kled.operations.fleet.all_clusters import Answer
from kled.operations.health import validate_cluster as validation
from kled.operations.health.validate_clusters import ValidateClusters
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
