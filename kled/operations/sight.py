"""Where a blast radius looks beside kops: the Kubernetes API, past rolls, other clusters."""

from collections.abc import Sequence
from datetime import timedelta

from kled.errors import ApiUnreachable, CapabilityMissing
from kled.models.rolling import RollingRow
from kled.operations.blast_radius import Affected
from kled.operations.session import Session


class SessionSight:
    """Looks with a session's hands; only reads."""

    def __init__(self, session: Session, cluster: str) -> None:
        self._session = session
        self._cluster = cluster

    def affected(self, groups: frozenset[str]) -> Affected:
        """Ask the Kubernetes API about the machines of `groups`."""
        raise ApiUnreachable(f"the Kubernetes API was not asked about {', '.join(sorted(groups))}")

    def estimate(self, rows: Sequence[RollingRow]) -> timedelta | None:
        """Return how long a roll of `rows` takes by the cluster's own past."""
        return None if rows else timedelta(0)

    def shared_roles(self) -> tuple[str, ...]:
        """Name the cluster's IAM roles that other registered clusters use, too."""
        raise CapabilityMissing("other clusters were not asked for their roles")
