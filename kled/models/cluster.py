"""Clusters, instance groups and instances as the state store and the cloud show them."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["control-plane", "node", "bastion", "apiserver", "unknown"]
"""What an instance group is for; unknown: kops has another word for it, or none."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One stored cluster; nothing here says whether it runs."""

    name: str
    cloud: str
    zones: tuple[str, ...]
    """Sorted, without repeats: the zones of the subnets."""
    kubernetes_version: str
    networking: str = ""
    """The one key below `spec.networking`, for example `cilium`; empty where there is none."""
    dns: str = ""
    """`Public`, `Private` or `None`."""
    created: str = ""
    """RFC 3339; empty in a definition that was never stored."""
    labels: tuple[tuple[str, str], ...] = ()
    """Labels of the cluster object, sorted."""
    problem: str = ""
    """Why kops cannot load the cluster; then only its name is known. Empty: it can."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "name": self.name,
            "cloud": self.cloud,
            "zones": list(self.zones),
            "kubernetes_version": self.kubernetes_version,
            "networking": self.networking,
            "dns": self.dns,
            "created": self.created,
            "labels": dict(self.labels),
            **({"problem": self.problem} if self.problem else {}),
        }


@dataclass(frozen=True, slots=True)
class InstanceGroup:
    """One stored instance group: how many machines of which kind the cloud should run."""

    name: str
    role: Role
    machine_type: str
    min_size: int | None
    max_size: int | None
    """None where the definition leaves them to kops: 2 and 2 for workers, else 1 and 1."""
    zones: tuple[str, ...]
    """The group's zones; where it names none, its subnets that are named as zones are."""
    image: str = ""
    cluster: str = ""
    node_labels: tuple[tuple[str, str], ...] = ()
    subnets: tuple[str, ...] = ()
    problem: str = ""
    """What of it cannot be understood, for example a role that kops has and kled does not know."""
    readable: bool = True
    """Whether kops can read it; where it cannot, it does nothing with any group of the cluster."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "name": self.name,
            "cluster": self.cluster,
            "role": self.role,
            "machine_type": self.machine_type,
            "image": self.image,
            "min": self.min_size,
            "max": self.max_size,
            "zones": list(self.zones),
            "subnets": list(self.subnets),
            "node_labels": dict(self.node_labels),
            **({"problem": self.problem} if self.problem else {}),
            **({} if self.readable else {"readable": False}),
        }


@dataclass(frozen=True, slots=True)
class Instance:
    """One machine of a cluster, as the cloud and (where it answers) the Kubernetes API show it."""

    id: str
    instance_group: str
    """The name of the group in the cloud (AWS: of the autoscaling group)."""
    status: str
    """`UpToDate`, `NeedsUpdate` or `Detached`."""
    roles: tuple[str, ...] = ()
    node: str = ""
    """Empty where the machine has not joined or the Kubernetes API does not answer."""
    internal_ip: str = ""
    external_ip: str = ""
    machine_type: str = ""
    state: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "id": self.id,
            "instance_group": self.instance_group,
            "status": self.status,
            "roles": list(self.roles),
            "node": self.node,
            "internal_ip": self.internal_ip,
            "external_ip": self.external_ip,
            "machine_type": self.machine_type,
            "state": self.state,
        }
