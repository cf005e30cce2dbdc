"""Disruption budgets and evictions, as the API server decides them.

Rules: kubernetes.io/docs/concepts/workloads/pods/disruptions and API-initiated eviction; the words
of refusals are those of pkg/registry/core/pod/storage/eviction.go.
"""

import math
from dataclasses import dataclass
from typing import Any

from kled.sandbox.kubernetes import builtin
from kled.sandbox.kubernetes.controllers import is_ready
from kled.sandbox.kubernetes.world import Json, World


@dataclass(frozen=True)
class Refused:
    """An eviction that was refused, with the status and words of the API."""

    status: int
    message: str
    cause: str = ""


def known(world: World) -> dict[str, Json]:
    """Return every budget by `namespace/name`."""
    ours = builtin.workloads()["poddisruptionbudgets"]
    return {**ours, **world.state["objects"].get("poddisruptionbudgets", {})}


def status(world: World, budget: Json) -> dict[str, int]:
    """Return what the disruption controller would write of a budget."""
    covered = [pod for pod in world.state["pods"].values() if covers(budget, pod)]
    expected, spec = len(covered), budget["spec"]
    healthy = sum(is_ready(world, pod) and not pod["leaving"] for pod in covered)
    if "minAvailable" in spec:
        needed = _count(spec["minAvailable"], expected)
    else:
        needed = max(0, expected - _count(spec.get("maxUnavailable", 0), expected))
    return {
        "expectedPods": expected,
        "currentHealthy": healthy,
        "desiredHealthy": needed,
        "disruptionsAllowed": max(0, healthy - needed),
    }


def covers(budget: Json, pod: Json) -> bool:
    """Say whether a budget selects a pod; an empty selector selects all of its namespace."""
    selector = budget["spec"].get("selector")
    if selector is None or budget["metadata"]["namespace"] != pod["namespace"]:
        return False
    labels = pod["labels"]
    same = all(
        labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    )
    return same and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions") or ()
    )


def evict(world: World, name: str) -> Refused | None:
    """Evict the pod `namespace/name`; None where it is leaving now."""
    pod = world.state["pods"][name]
    if pod["leaving"]:
        return None
    over = [budget for budget in known(world).values() if covers(budget, pod)]
    if len(over) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource"
        return Refused(500, f"{message} does not support.")
    if over and is_ready(world, pod):
        about, allowance = over[0]["metadata"]["name"], status(world, over[0])
        if not allowance["disruptionsAllowed"]:
            return Refused(
                429,
                "Cannot evict pod as it would violate the pod's disruption budget.",
                f"The disruption budget {about} needs {allowance['desiredHealthy']} healthy pods"
                f" and has {allowance['currentHealthy']} currently",
            )
    pod["leaving"] = world.now
    world.state["evictions"].append({"pod": name, "node": pod["node"]})
    return None


def _count(wanted: Any, of: int) -> int:  # noqa: ANN401 - an IntOrString
    if isinstance(wanted, str) and wanted.endswith("%"):
        return math.ceil(int(wanted[:-1]) * of / 100)
    return int(wanted)


def _holds(requirement: Json, labels: dict[str, str]) -> bool:
    value, values = labels.get(requirement["key"]), requirement.get("values") or []
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[requirement["operator"]]
