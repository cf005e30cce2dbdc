"""Kubeconfigs with admin credentials that expire."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kled.api.calls import Calls
from kled.kops.state_store.layout import require_cluster_name
from kled.operations.cluster.export_cluster import ExportCluster
from kled.operations.runner import Report

_ADMIN = timedelta(hours=18)


@dataclass(frozen=True, slots=True)
class Kubeconfigs:
    """Files that kubectl reads."""

    _calls: Calls

    def export(self, cluster: str, to: Path, *, admin: timedelta | None = _ADMIN) -> Report:
        """Write the cluster's context into the file `to`, whole and for its owner alone (0600).

        Contexts of other clusters in it are kept. `admin` is how long the credentials last; None
        writes a context without any.
        """
        return self._calls.run(
            ExportCluster(require_cluster_name(cluster), to.absolute(), admin or None)
        )
