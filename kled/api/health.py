"""Whether clusters are healthy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kled.api.calls import Calls
from kled.kops.state_store.layout import require_cluster_name
from kled.models.health_finding import HealthFinding
from kled.models.validation import ValidationReport
from kled.operations.fleet.all_clusters import Answer
from kled.operations.health.check_health import CheckHealth
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

    def check(
        self,
        cluster: str | None = None,
        *,
        patience: timedelta = _ONCE,
        skip: Sequence[str] = (),
        validates: bool = True,
    ) -> tuple[HealthFinding, ...]:
        """Return what was found out about one cluster, or all but those to `skip`, worst first.

        Looks at validation, etcd's markers and backups, certificates, discovery documents,
        snapshots and lifecycle rules; without `validates` at stores alone. What has failed, or
        cannot be asked, is a finding: raises only where the state store has no such cluster, or
        cannot be listed.
        """
        from kled.operations.health.looks.public import (  # noqa: PLC0415 - brings an HTTP client
            read_public,
        )

        only = require_cluster_name(cluster) if cluster is not None else None
        check = CheckHealth(
            only, patience, tuple(skip), validates=validates, read_public=read_public
        )
        report = self._calls.run_to_end(check)
        if report.result is None:
            report.require()
        return report.result or ()
