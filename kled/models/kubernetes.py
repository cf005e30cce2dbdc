"""What the Kubernetes API says about machines, pods and the budgets that protect them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]


@dataclass(frozen=True, slots=True)
class Taint:
    """Keeps pods away that do not tolerate it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node as the API has it now."""

    name: str
    ready: bool
    cordoned: bool
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    provider_id: str
    """As the cloud's controller wrote it, for example `aws:///us-east-1a/i-0abc`; empty before."""
    created: datetime | None

    @property
    def instance(self) -> str:
        """The machine's id in its cloud: the end of the provider's id."""
        return self.provider_id.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller that makes a pod anew when it is gone."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PodState:
    """One pod as the API has it now."""

    namespace: str
    name: str
    uid: str
    node: str
    labels: Mapping[str, str]
    owner: Owner | None
    ready: bool
    finished: bool
    """Succeeded or failed: nothing runs there any more."""
    leaving: bool
    """Its deletion was asked for."""
    mirror: bool
    """Made by a kubelet from a file of its machine; the API cannot end it."""

    @property
    def label(self) -> str:
        """The name as people write it."""
        return f"{self.namespace}/{self.name}"

    @property
    def evictable(self) -> bool:
        """Whether a drain moves it: not what belongs to the machine itself."""
        return not self.mirror and not (self.owner and self.owner.kind == "DaemonSet")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a selector's `matchExpressions`."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether it is true of these labels."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


@dataclass(frozen=True, slots=True)
class Budget:
    """One PodDisruptionBudget (policy/v1)."""

    namespace: str
    name: str
    requirements: tuple[Requirement, ...] | None
    """All must hold; none at all matches every pod of the namespace, None matches no pod."""
    allowed: int
    """How many of its pods may be evicted now."""
    healthy: int
    needed: int
    always_evicts_unhealthy: bool = False
    """Its policy lets pods go that are not ready, whatever `allowed` says."""

    @property
    def label(self) -> str:
        """The name as people write it."""
        return f"{self.namespace}/{self.name}"

    def covers(self, pod: PodState) -> bool:
        """Say whether it protects this pod."""
        if self.requirements is None or pod.namespace != self.namespace:
            return False
        return all(requirement.holds(pod.labels) for requirement in self.requirements)

    def lets_go(self, pod: PodState) -> bool:
        """Say whether the API would evict this pod, which the budget covers, now."""
        if self.allowed > 0 or pod.finished:
            return True
        return not pod.ready and (self.always_evicts_unhealthy or self.healthy >= self.needed > 0)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Pods that cannot be evicted, and why."""

    budget: str
    """`namespace/name`; several, with commas, where they stand in each other's way."""
    pods: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.budget}: {self.reason} ({', '.join(self.pods)})"


@dataclass(frozen=True, slots=True)
class Workload:
    """Pods of one controller, or one unmanaged pod."""

    namespace: str
    name: str
    kind: str
    pods: int

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} ({self.kind})"


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What a drain moved."""

    node: str
    evicted: tuple[str, ...]
    """`namespace/name` of pods whose eviction this drain asked for."""
    stayed: int
    """Pods that belong to the machine: of daemon sets, and mirrors."""
    seconds: float = field(compare=False, default=0.0)
