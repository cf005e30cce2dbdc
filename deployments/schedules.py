"""Schedules of a deployment: those of prefect.yaml become as it says, all others stay."""

from collections.abc import Mapping

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule

from deployments.catalog import CatalogEntry, Schedule
from tasks.running.language import EarlierSpelling, respell_parameters


def declared(entry: CatalogEntry) -> list[DeploymentScheduleCreate]:
    """Return the schedules of `entry` as a new deployment gets them."""
    return [_created(schedule) for schedule in entry.schedules]


def bring(
    client: SyncPrefectClient, deployment: DeploymentResponse, entry: CatalogEntry
) -> tuple[str, ...]:
    """Make the schedules of `entry` be as it says, by their slugs; touch no other schedule.

    Returns the slugs of those that slept and were woken. Safe to repeat. A schedule's own
    parameters, which prefect.yaml does not know, stay.
    """
    present = {schedule.slug: schedule for schedule in deployment.schedules}
    woken = []
    for wanted in entry.schedules:
        existing = present.get(wanted.slug)
        if existing is None:
            client.create_deployment_schedules(deployment.id, [_created(wanted)])
        elif (existing.schedule, existing.active) != (_timing(wanted), wanted.active):
            client.update_deployment_schedule(
                deployment.id, existing.id, active=wanted.active, schedule=_timing(wanted)
            )
            woken += [wanted.slug] if wanted.active and not existing.active else []
    return tuple(woken)


def respell(
    client: SyncPrefectClient,
    deployment: DeploymentResponse,
    earlier: Mapping[str, EarlierSpelling],
) -> tuple[str, ...]:
    """Write the parameters of schedules in today's spelling; return a line for each. Repeatable."""
    said: tuple[str, ...] = ()
    for schedule in deployment.schedules:
        spelled, remarks = respell_parameters(schedule.parameters, earlier)
        if remarks:
            client.update_deployment_schedule(deployment.id, schedule.id, parameters=spelled)
            said += tuple(f"schedule {schedule.slug or schedule.id}: {word}" for word in remarks)
    return said


def others(deployment: DeploymentResponse, entry: CatalogEntry) -> list[DeploymentSchedule]:
    """Return the schedules that only the server knows."""
    ours = {schedule.slug for schedule in entry.schedules}
    return [schedule for schedule in deployment.schedules if schedule.slug not in ours]


def _created(schedule: Schedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(
        schedule=_timing(schedule), active=schedule.active, slug=schedule.slug
    )


def _timing(schedule: Schedule) -> CronSchedule:
    return CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
