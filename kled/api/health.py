"""Whether clusters are healthy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kled.api.calls import Calls
from kled.kops.state_store.layout import require_cluster_name
from kled.models.validation import ValidationReport
from kled.operations.fleet.all_clusters import Answer
from kled.operations.health.validate_cluster import (
    ValidateCluster,
    validate_once,
    wait_until_healthy,
)
from kled.operations.health.validate_clusters import clusters_to_validate, look_at_clusters

_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Health:
    """Asks kops, which asks the cloud and the Kubernetes API. Changes nothing."""

    _calls: Calls

    def validate(self, cluster: str) -> ValidationReport:
        """Look once; `ready` of the report says whether the cluster is healthy.

        Raises `NotYetApplied` for a cluster that was never applied, and `ApiUnreachable`.
        """
        with self._calls.session() as session:
            return validate_once(session, require_cluster_name(cluster))

    def wait(self, cluster: str, patience: timedelta) -> ValidationReport:
        """Look until the cluster is healthy; raise `NotReadyInTime` where it is not by then."""
        validation = ValidateCluster(require_cluster_name(cluster), patience)
        with self._calls.session(asks_again=False) as session:
            report, late = wait_until_healthy(session, validation, self._calls.steps)
            if late is not None:
                raise late
            return report

    def validate_all(
        self, *, patience: timedelta = _ONCE, skip: Sequence[str] = ()
    ) -> tuple[Answer, ...]:
        """Return an answer for each cluster but those to `skip`, the worst first.

        Those that are not healthy are asked again until the patience is over. What cannot be asked
        is an answer, too: `unreadable`. Raises where the state store has no cluster.
        """
        with self._calls.session() as session:
            return look_at_clusters(session, clusters_to_validate(session, skip), patience)
