"""One eviction, and what its answer means (kubernetes.io/docs, API-initiated eviction)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from kled.errors import DrainBlocked, KubernetesConflict, KubernetesMissing
from kled.kubernetes.client import Api
from kled.kubernetes.refusals import translated
from kled.models.kubernetes import PodState

if TYPE_CHECKING:
    import httpx2

_CAUSE: Final = "DisruptionBudget"
_SEVERAL: Final = "more than one PodDisruptionBudget"
"""Words of the 500 that a pod under two budgets gets, for good."""


@dataclass(frozen=True, slots=True)
class HeldByBudget:
    """A budget does not let the pod go now."""

    reason: str
    seconds: float
    """How long the API asks to wait before the next try."""


def evict(api: Api, pod: PodState) -> HeldByBudget | None:
    """Ask for the eviction of this very pod; None where it was granted, or the pod is gone.

    Raises `DrainBlocked` where no waiting will help.
    """
    import httpx2  # noqa: PLC0415
    from lightkube.models.meta_v1 import DeleteOptions, ObjectMeta, Preconditions  # noqa: PLC0415
    from lightkube.resources.core_v1 import Pod  # noqa: PLC0415

    body = Pod.Eviction(
        metadata=ObjectMeta(name=pod.name, namespace=pod.namespace),
        deleteOptions=DeleteOptions(preconditions=Preconditions(uid=pod.uid)),
    )
    try:
        with translated(f"the eviction of {pod.label}", api.server):
            try:
                api.client.create(body, name=pod.name, namespace=pod.namespace)
            except httpx2.HTTPStatusError as error:
                answer = _held(error, pod)
                if answer is None:
                    raise
                return answer
    except (KubernetesMissing, KubernetesConflict):
        return None  # gone, or another pod has its name now
    return None


def _held(error: "httpx2.HTTPStatusError", pod: PodState) -> HeldByBudget | None:
    """Return what holds the pod; None for an answer that means something else."""
    status = error.response.status_code
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _SEVERAL in str(error):
        raise DrainBlocked(
            f"more than one disruption budget covers {pod.label}",
            hint="the API evicts no such pod; let one budget cover it",
        ) from error
    causes = _causes(error)
    if status != HTTPStatus.TOO_MANY_REQUESTS or not causes:
        return None
    told = error.response.headers.get("Retry-After", "")
    return HeldByBudget("; ".join(causes), float(told) if told.isdecimal() else 0.0)


def _causes(error: Any) -> list[str]:  # noqa: ANN401 - the client's error, with or without a status
    details = getattr(getattr(error, "status", None), "details", None)
    causes = (details.causes if details else None) or []
    return [cause.message or _CAUSE for cause in causes if cause.reason == _CAUSE]
