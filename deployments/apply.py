"""Puts deployments onto a Prefect server. Safe to repeat: what is there is updated in place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.utilities.callables import parameter_schema
from prefect.workers.base import BaseWorker

from deployments import schedules
from deployments.catalog import CatalogEntry
from deployments.environment import Environment
from deployments.loading import load_flow
from deployments.merging import merge
from kled import __version__
from kled.errors import InvalidInput
from tasks.running.language import NONE

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

DeploymentOutcome = Literal["created", "updated"]


@dataclass(frozen=True, slots=True)
class AppliedDeployment:
    """What became of one deployment."""

    id: UUID
    flow: str
    deployment: str
    outcome: DeploymentOutcome
    work_pool: str
    kept: tuple[str, ...] = ()
    """What only the server knows, for example a second schedule."""
    woken: tuple[str, ...] = ()
    """Slugs of schedules that slept on the server and stand awake in prefect.yaml."""
    dropped: tuple[str, ...] = ()
    """Defaults on the server for parameters that the flow no longer takes."""
    respelled: tuple[str, ...] = ()
    """Lines about parameters on the server whose name, or unit, is another by now."""
    regained: bool = False
    """Whether it carried no rules, as after `prefect deploy`, and carries them again."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "deployment": self.deployment,
            "outcome": self.outcome,
            "work_pool": self.work_pool,
            "kept": list(self.kept),
            "woken": list(self.woken),
            "dropped": list(self.dropped),
            "respelled": list(self.respelled),
            "regained": self.regained,
        }


def apply(
    client: SyncPrefectClient, entries: tuple[CatalogEntry, ...], environment: Environment
) -> tuple[AppliedDeployment, ...]:
    """Make the work pool and every deployment be as `entries` say in `environment`.

    What `entries` say holds, schedules included. What only the server knows stays: schedules of
    other slugs, default parameters, tags, job variables, pauses and limits. (Creating a deployment
    again would delete its schedules.) Killed halfway, the next call does the rest.
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


def _deployment(client: SyncPrefectClient, entry: CatalogEntry) -> AppliedDeployment:
    flow = load_flow(entry)
    name = f"{entry.flow}/{entry.name}"
    fields = _fields(flow, entry)
    existing = _existing(client, name)
    if existing is None:
        flow_id = client.create_flow(flow)
        made = client.create_deployment(
            flow_id, name=entry.name, schedules=schedules.declared(entry), **fields
        )
        return AppliedDeployment(made, entry.flow, name, "created", entry.work_pool)
    earlier = getattr(flow, "earlier", NONE)
    known = merge(existing, entry, flow.parameters.properties, earlier)
    try:
        client.update_deployment(existing.id, DeploymentUpdate(**{**fields, **known.fields}))
    except PrefectHTTPStatusError as error:
        raise InvalidInput(
            name,
            f"the server refuses it: {error.response.text}",
            hint="mend or remove the defaults that were set on the server, then deploy again",
        ) from error
    woken = schedules.bring(client, existing, entry)
    remarks = (*known.respelled, *schedules.respell(client, existing, earlier))
    return AppliedDeployment(
        existing.id,
        entry.flow,
        name,
        "updated",
        entry.work_pool,
        known.kept,
        woken,
        known.dropped,
        remarks,
        known.lost,
    )


def _existing(client: SyncPrefectClient, name: str) -> "DeploymentResponse | None":
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _fields(flow: Flow[..., Any], entry: CatalogEntry) -> dict[str, Any]:
    return {
        "entrypoint": entry.entrypoint,
        "version": __version__,
        "description": entry.description,
        "tags": list(entry.tags),
        "parameters": dict(entry.parameters),
        "work_pool_name": entry.work_pool,
        "job_variables": {"env": dict(entry.variables)},
        "parameter_openapi_schema": parameter_schema(flow).model_dump(exclude_unset=True),
        "enforce_parameter_schema": True,
        "pull_steps": [],
    }
