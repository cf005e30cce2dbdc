"""The sources of a blast radius beside kops: the Kubernetes API, past rolls, other clusters."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from kled.models.rolled import estimate
from kled.models.rolling import RollingRow
from kled.operations.guards.shared_iam_roles import shared_roles
from kled.operations.health.cluster_api import explain_placeholder
from kled.operations.identity import lost_keys
from kled.operations.instance_group.machines import group_roles, machines
from kled.operations.preview.blast_radius import Affected
from kled.operations.records import roll_journal
from kled.operations.session import Session

_PATIENCE: Final = timedelta(seconds=5)
"""For one request to the Kubernetes API: a preview waits only briefly for a cluster that is
down."""
_ADMIN: Final = timedelta(minutes=15)
"""Lifetime of the credentials for it."""


class SessionSight:
    """Asks with a session's hands; only reads."""

    def __init__(self, session: Session, cluster: str) -> None:
        self._session = session
        self._cluster = cluster

    def affected(self, groups: frozenset[str]) -> Affected:
        """Ask the Kubernetes API about the machines of `groups`.

        A machine whose group kops does not know counts as one of them, to be on the safe side.
        Raises `ApiUnreachable`, and what else kops and the API answer with.
        """
        from kled.kubernetes import client, disruption, workloads  # noqa: PLC0415 - heavy

        kops = self._session.kops
        with lost_keys.tell_lost_keys_apart(self._session, self._cluster):
            kubeconfig = kops.kubeconfig.export_privately(self._cluster, _ADMIN)
        with client.connect(kubeconfig, timeout=_PATIENCE) as api, explain_placeholder():
            roles = group_roles(self._session, self._cluster)
            theirs = machines(self._session, self._cluster, roles, api).touched(groups)
            return Affected(
                unreplicated=tuple(map(str, workloads.unreplicated(api, theirs))),
                blocking=tuple(map(str, disruption.blocking(api, theirs))),
                services=workloads.load_balanced(api),
            )

    def estimate(self, rows: Sequence[RollingRow]) -> timedelta | None:
        """Return how long a roll of `rows` takes, by the cluster's past rolls."""
        return estimate(roll_journal.read(self._session, self._cluster).past, rows)

    def shared_roles(self) -> tuple[str, ...]:
        """Name the cluster's IAM roles that other registered clusters use, too."""
        return tuple(map(str, shared_roles(self._session, self._cluster)))
