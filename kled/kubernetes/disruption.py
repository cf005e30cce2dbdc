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

    found = map(_budget, api.everywhere(PodDisruptionBudget))
    return tuple(sorted(found, key=lambda one: (one.namespace, one.name)))


def blocking(api: Api, names: Collection[str]) -> tuple[Blocked, ...]:
    """Return what would keep these nodes from being drained, as budgets stand now.

    A budget may allow nothing for a moment only, while one of its pods starts.
    """
    there = [pod for pod in pods(api) if pod.node in names]
    return held(there, budgets(api))


def held(there: Sequence[PodState], known: Sequence[Budget]) -> tuple[Blocked, ...]:
    """Return which budgets hold which of these pods."""
    found: dict[tuple[str, str], list[str]] = {}
    for pod in there:
        if pod.leaving or pod.finished or not pod.evictable:
            continue
        over = [one for one in known if one.covers(pod)]
        if len(over) > 1:
            both = ", ".join(one.label for one in over)
            found.setdefault((both, "more than one budget covers its pods"), []).append(pod.label)
        elif over and not over[0].lets_go(pod):
            found.setdefault((over[0].label, _why(over[0])), []).append(pod.label)
    return tuple(Blocked(budget, tuple(names), why) for (budget, why), names in found.items())


def _why(budget: Budget) -> str:
    return f"allows no eviction, it has {budget.healthy} healthy pods and needs {budget.needed}"


def _budget(found: "PodDisruptionBudget") -> Budget:
    metadata, status, spec = found.metadata, found.status, found.spec
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
    found = [Requirement(key, "In", (value,)) for key, value in labels]
    for expression in selector.matchExpressions or ():
        if expression.operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
            raise OutputUnreadable(f"a disruption budget selects pods by {expression.operator}")
        found.append(
            Requirement(expression.key, expression.operator, tuple(expression.values or ()))
        )
    return tuple(found)
