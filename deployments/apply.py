"""Puts deployments onto a Prefect server. Safe to repeat: what is there is updated in place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.utilities.callables import parameter_schema
from prefect.workers.base import BaseWorker

from deployments.catalog import Entry
from deployments.environment import Environment
from deployments.loading import load_flow
from kled.errors import InvalidInput

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

Outcome = Literal["created", "updated"]


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one deployment."""

    deployment: str
    outcome: Outcome
    work_pool: str

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "deployment": self.deployment,
            "outcome": self.outcome,
            "work_pool": self.work_pool,
        }


def apply(
    client: SyncPrefectClient, entries: tuple[Entry, ...], environment: Environment
) -> tuple[Applied, ...]:
    """Make the work pool and every deployment be as `entries` say in `environment`.

    Schedules, pauses and limits that somebody set on the server stay as they are: a deployment
    that exists is updated field by field. (Creating it again would delete its schedules.) Killed
    halfway, the next call does the rest.
    """
    _work_pool(client, environment)
    return tuple(_deployment(client, environment.place(entry)) for entry in entries)


def _work_pool(client: SyncPrefectClient, environment: Environment) -> None:
    name, limit = environment.work_pool, environment.runs_at_once
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(
                name=name,
                type=environment.work_pool_type,
                base_job_template=_template(environment.work_pool_type),
                concurrency_limit=limit,
            )
        )
        return
    if pool.type != environment.work_pool_type:
        raise InvalidInput(
            "work-pool-type",
            f"work pool {name} exists and is of type {pool.type}",
            hint="name another work pool, or write the type that it has",
        )
    if limit is not None and pool.concurrency_limit != limit:
        client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=limit))


def _template(kind: str) -> dict[str, Any]:
    worker = BaseWorker.get_worker_class_from_type(kind)
    if worker is None:
        raise InvalidInput(
            "work-pool-type",
            f"{kind} is not known here",
            hint=f"install prefect-{kind}, or create the work pool with the prefect command",
        )
    return worker.get_default_base_job_template()


def _deployment(client: SyncPrefectClient, entry: Entry) -> Applied:
    flow = load_flow(entry)
    name = f"{entry.flow}/{entry.name}"
    fields = _fields(flow, entry)
    existing = _existing(client, name)
    if existing is None:
        client.create_deployment(
            client.create_flow(flow), name=entry.name, schedules=_schedules(entry), **fields
        )
        return Applied(name, "created", entry.work_pool)
    client.update_deployment(existing.id, DeploymentUpdate(**fields))
    return Applied(name, "updated", entry.work_pool)


def _existing(client: SyncPrefectClient, name: str) -> "DeploymentResponse | None":
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _schedules(entry: Entry) -> list[DeploymentScheduleCreate]:
    return [
        DeploymentScheduleCreate(
            schedule=CronSchedule(cron=one.cron, timezone=one.timezone),
            active=one.active,
            slug=one.slug,
        )
        for one in entry.schedules
    ]


def _fields(flow: Flow[..., Any], entry: Entry) -> dict[str, Any]:
    parameters = {"parameters": dict(entry.parameters)} if entry.parameters else {}
    return {
        "entrypoint": entry.entrypoint,
        "description": entry.description,
        "tags": list(entry.tags),
        "work_pool_name": entry.work_pool,
        "job_variables": {"env": dict(entry.variables)},
        "parameter_openapi_schema": parameter_schema(flow).model_dump_for_openapi(),
        "enforce_parameter_schema": True,
        "pull_steps": [],
        **parameters,
    }
