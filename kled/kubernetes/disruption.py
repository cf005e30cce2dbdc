"""Disruption budgets: which of them let nothing go.

Semantics: kubernetes.io/docs/tasks/run-application/configure-pdb and the eviction subresource
(pkg/registry/core/pod/storage/eviction.go): a pod that two budgets cover can never be evicted.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from kled.errors import OutputUnreadable
from kled.kubernetes.client import Api
from kled.kubernetes.pods import pods
from kled.models.kubernetes import Blocked, Budget, PodState, Requirement

if TYPE_CHECKING:
    from lightkube.resources.policy_v1 import PodDisruptionBudget


def budgets(api: Api) -> tuple[Budget, ...]:
    """Return every budget, by namespace and name."""
    from lightkube.resources.policy_v1 import PodDisruptionBudget  # noqa: PLC0415

    known = map(_budget, api.everywhere(PodDisruptionBudget))
    return tuple(sorted(known, key=lambda budget: (budget.namespace, budget.name)))


def blocking(api: Api, names: Collection[str]) -> tuple[Blocked, ...]:
    """Return what would keep these nodes from being drained, as budgets stand now.

    A budget may allow nothing for a moment only, while one of its pods starts.
    """
    on_nodes = [pod for pod in pods(api) if pod.node in names]
    return held(on_nodes, budgets(api))


def held(present: Sequence[PodState], known: Sequence[Budget]) -> tuple[Blocked, ...]:
    """Return which budgets hold which of these pods."""
    blocked: dict[tuple[str, str], list[str]] = {}
    for pod in present:
        if pod.leaving or pod.finished or not pod.evictable:
            continue
        over = [budget for budget in known if budget.covers(pod)]
        if len(over) > 1:
            both = ", ".join(budget.label for budget in over)
            blocked.setdefault((both, "more than one budget covers its pods"), []).append(pod.label)
        elif over and not over[0].lets_go(pod):
            blocked.setdefault((over[0].label, _why(over[0])), []).append(pod.label)
    return tuple(Blocked(budget, tuple(names), why) for (budget, why), names in blocked.items())


def _why(budget: Budget) -> str:
    return f"allows no eviction, it has {budget.healthy} healthy pods and needs {budget.needed}"


def _budget(budget: "PodDisruptionBudget") -> Budget:
    metadata, status, spec = budget.metadata, budget.status, budget.spec
    return Budget(
        namespace=(metadata.namespace if metadata else None) or "",
        name=(metadata.name if metadata else None) or "",
        requirements=_requirements(spec.selector if spec else None),
        allowed=(status.disruptionsAllowed if status else None) or 0,
        healthy=(status.currentHealthy if status else None) or 0,
        needed=(status.desiredHealthy if status else None) or 0,
        always_evicts_unhealthy=bool(spec and spec.unhealthyPodEvictionPolicy == "AlwaysAllow"),
    )


def _requirements(selector: Any) -> tuple[Requirement, ...] | None:  # noqa: ANN401 - a LabelSelector
    if selector is None:
        return None
    labels = (selector.matchLabels or {}).items()
    requirements = [Requirement(key, "In", (value,)) for key, value in labels]
    for expression in selector.matchExpressions or ():
        if expression.operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
            raise OutputUnreadable(f"a disruption budget selects pods by {expression.operator}")
        requirements.append(
            Requirement(expression.key, expression.operator, tuple(expression.values or ()))
        )
    return tuple(requirements)
