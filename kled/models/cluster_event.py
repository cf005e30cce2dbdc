"""What becomes of a cluster that others, who did not do it, want to hear of."""

from enum import StrEnum


class ClusterEvent(StrEnum):
    """An event in the life of a cluster; the values are fixed for automations that listen."""

    CREATED = "created"
    DELETED = "deleted"
    UPDATED = "updated"
    ROLLED = "rolled"
    SCALED = "scaled"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"

    @property
    def is_change(self) -> bool:
        """Whether it is news only where a step changed something: what was so before is none."""
        return self in {ClusterEvent.UPDATED, ClusterEvent.ROLLED}
