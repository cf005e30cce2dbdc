"""Which machines a rolling update would replace."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Roll:
    """How a rolling update goes; what is None is kops' own default (`rolling-update --help`)."""

    instance_groups: tuple[str, ...] = ()
    """Only these; all where empty."""
    cloudonly: bool = False
    """Neither drain nor validate: works without the Kubernetes API, and interrupts workloads."""
    force: bool = False
    """Replace machines that need no update, too."""
    control_plane_interval: timedelta | None = None
    node_interval: timedelta | None = None
    bastion_interval: timedelta | None = None
    drain_timeout: timedelta | None = None
    validation_timeout: timedelta | None = None
    post_drain_delay: timedelta | None = None
    validate_count: int | None = None
    api_server: str | None = None
    """Where the Kubernetes API is asked instead of at the cluster's own address."""


@dataclass(frozen=True, slots=True)
class RollingRow:
    """One instance group in a rolling update's plan."""

    instance_group: str
    status: str
    """`Ready` or `NeedsUpdate`."""
    need_update: int
    ready: int
    min_size: int
    target_size: int
    max_size: int
    nodes: int | None = None
    """Nodes that have joined; None where the Kubernetes API was not asked."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "instance_group": self.instance_group,
            "status": self.status,
            "need_update": self.need_update,
            "ready": self.ready,
            "min_size": self.min_size,
            "target_size": self.target_size,
            "max_size": self.max_size,
            "nodes": self.nodes,
        }


@dataclass(frozen=True, slots=True)
class RollingPlan:
    """What a rolling update would do, one row per instance group."""

    cluster: str
    rows: tuple[RollingRow, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no machine needs to be replaced."""
        return all(not row.need_update and row.status == "Ready" for row in self.rows)

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"cluster": self.cluster, "rows": [row.as_json() for row in self.rows]}
