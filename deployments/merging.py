"""What the server knows of a deployment and prefect.yaml does not: it is kept, and named."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

from prefect.client.schemas.responses import DeploymentResponse

from deployments import schedules
from deployments.catalog import CatalogEntry
from kled import carried
from tasks.running.language import NONE, EarlierSpelling, respell_parameters

_ENV: Final = "env"


@dataclass(frozen=True, slots=True)
class Merged:
    """Fields of a deployment, and the names of what the server alone knows or knew."""

    fields: dict[str, Any]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    respelled: tuple[str, ...] = ()
    """A line for each default whose name, or unit, is another by now."""
    lost: bool = False
    """Whether it had none of the rules that kled deploy lets a deployment carry."""


def merge(
    existing: DeploymentResponse,
    entry: CatalogEntry,
    takes: Container[str],
    earlier: Mapping[str, EarlierSpelling] = NONE,
) -> Merged:
    """Return the fields of `existing` with those of `entry` on top.

    `takes` names the flow's parameters, `earlier` what they were called before: a default for one
    that it no longer has is dropped, or the server would refuse the deployment.
    """
    spelled, remarks = respell_parameters(existing.parameters, earlier)
    parameters = {name: value for name, value in spelled.items() if name in takes}
    job_variables = dict(existing.job_variables)
    env = dict(job_variables.pop(_ENV, None) or {})
    extra = [tag for tag in existing.tags if tag not in entry.tags]
    fields = {
        "parameters": {**parameters, **entry.parameters},
        "job_variables": {**job_variables, _ENV: {**env, **entry.variables}},
        "tags": [*entry.tags, *extra],
    }
    kept = [
        *(["its pause"] if existing.paused else []),
        *(f"schedule {_timing(other.schedule)}" for other in schedules.others(existing, entry)),
        *(f"parameter {name}" for name in parameters if name not in entry.parameters),
        *(f"tag {tag}" for tag in extra),
        *(f"variable {name}" for name in env if name not in entry.variables),
        *(f"job variable {name}" for name in job_variables),
    ]
    dropped = tuple(f"parameter {name}" for name in spelled if name not in takes)
    return Merged(fields, tuple(kept), dropped, remarks, not carried.VARIABLES & env.keys())


def _timing(schedule: object) -> str:
    """Return a schedule as its owner wrote it."""
    for kind in ("cron", "rrule", "interval"):
        if (value := getattr(schedule, kind, None)) is not None:
            return str(value)
    return "of no kind"
