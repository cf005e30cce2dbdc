"""What one validation of a running cluster found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason why a cluster is not healthy."""

    kind: str
    """What is not healthy: `Machine`, `Node`, `Pod`, `InstanceGroup`, `ComponentStatus`, `dns`."""
    name: str
    message: str
    """One line."""
    instance_group: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "kind": self.kind,
            "name": self.name,
            "message": self.message,
            "instance_group": self.instance_group,
        }


@dataclass(frozen=True, slots=True)
class Node:
    """One node that has joined the cluster."""

    name: str
    role: str
    zone: str
    hostname: str
    ready: bool

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "name": self.name,
            "role": self.role,
            "zone": self.zone,
            "hostname": self.hostname,
            "ready": self.ready,
        }


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Failures and nodes, each sorted by name; no failure and at least one node is healthy."""

    failures: tuple[Failure, ...]
    nodes: tuple[Node, ...]

    @property
    def ready(self) -> bool:
        """Whether the cluster is healthy."""
        return not self.failures and bool(self.nodes)

    @property
    def bears_pods(self) -> bool:
        """Whether a node is there besides the control plane: kops misses none of no machines."""
        return any(node.role != "control-plane" for node in self.nodes)

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "ready": self.ready,
            "failures": [failure.as_json() for failure in self.failures],
            "nodes": [node.as_json() for node in self.nodes],
        }
