"""`kled deploy`."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from deployments import catalog, environment
from kled import carried_rules, carried_times
from kled.cli.frame import interruption
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal.output import Column
from kled.sentences import enumerated, number, options

if TYPE_CHECKING:
    from deployments.apply import AppliedDeployment
    from deployments.automating import Brought

_STATE_STORES: Final = ("KOPS_STATE_STORE", "KLED_STATE_STORE")


_SNAPSHOT_STORES: Final = ("KLED_SNAPSHOT_STORE",)


_SHOWN: Final = 3


_KEEPS: Final = "snapshot"
"""The tag of deployments that need a snapshot store."""


_APPLIED = (
    Column("DEPLOYMENT", "deployment"),
    Column("OUTCOME", "outcome"),
    Column("WORK POOL", "work_pool"),
    Column("KEPT FROM THE SERVER", "kept"),
)


environment_option: Final = click.option(
    "--environment",
    "name",
    metavar="ENV",
    default=environment.DEFAULT,
    show_default=True,
    help="An environment's name, or its YAML file.",
)


@leaf(
    "deploy",
    examples=("kled deploy", "kled deploy --environment=production"),
    again=(interruption.REST,),
)
@environment_option
def deploy(call: Call, name: str) -> None:
    """Create or update the work pool and the deployments of prefect.yaml; safe to repeat."""
    from kled.cli.flows import here, there  # noqa: PLC0415 - not for --help

    chosen = environment.find(name, directories(call)).completed(call.settings.rules)
    entries = catalog.load(catalog.path())
    there.require_server()
    here.quiet_prefect(verbose=call.verbose)
    _warn_of_schedules(call, entries, chosen)
    applied, brought = _put_there(entries, chosen)
    call.show(applied, _APPLIED)
    for deployed in applied:
        for slug in deployed.woken:
            call.say(
                f"{deployed.deployment}: woke the schedule {slug}, which prefect.yaml has awake"
            )
        for remark in deployed.respelled:
            call.say(f"{deployed.deployment}: {remark}")
        for what in deployed.dropped:
            call.say(f"{deployed.deployment}: dropped the {what}: the flow no longer takes it")
    regained = [deployed.deployment for deployed in applied if deployed.regained]
    if regained:
        call.say(
            f"{number(len(regained), 'deployment')} carried no rules, as after prefect deploy, and"
            f" what ran meanwhile went by its worker's: {enumerated(regained, _SHOWN)}"
        )
    call.say(*(deployed.words for deployed in brought))
    if chosen.notify is None:
        call.say(
            f"nobody is told of runs that fail, crash, are cancelled or late: name a notification"
            f" block of Prefect in environment {chosen.name}, such as notify: slack-webhook/ops"
        )
    call.say(f"approval: {carried_rules.words(chosen.rules.approval)}, on whatever worker")
    call.say(*carried_times.words(chosen.rules))
    call.say(f"next: prefect worker start {options(pool=chosen.work_pool)}")


def _put_there(
    entries: tuple[catalog.CatalogEntry, ...], chosen: environment.Environment
) -> "tuple[tuple[AppliedDeployment, ...], tuple[Brought, ...]]":
    """Create the deployments and automations on the server, if it knows whom to tell."""
    from deployments.apply import apply  # noqa: PLC0415 - imports prefect
    from deployments.automating import bring, notification_block  # noqa: PLC0415
    from kled.cli.flows import there  # noqa: PLC0415 - not for --help

    with there.server() as client:
        # before any schedule wakes
        block = notification_block(client, chosen.notify) if chosen.notify else None
        applied = apply(client, entries, chosen)
        deployments = {deployed.flow: deployed.id for deployed in applied}
        return applied, bring(client, chosen.name, deployments, block)


def _warn_of_schedules(
    call: Call, entries: tuple[catalog.CatalogEntry, ...], chosen: environment.Environment
) -> None:
    """Warn of schedules that are awake without a known store; a worker may have one."""
    awake = [entry for entry in entries if any(schedule.active for schedule in entry.schedules)]
    kept = [entry for entry in awake if _KEEPS in entry.tags]
    for what, names, known, those in (
        ("state", _STATE_STORES, call.settings.state_store, awake),
        ("snapshot", _SNAPSHOT_STORES, call.settings.snapshot_store, kept),
    ):
        if those and not known and not any(name in chosen.variables for name in names):
            call.say(
                f"no {what} store is set: without {names[0]} among the variables of environment"
                f" {chosen.name} or of its workers, every scheduled run of"
                f" {', '.join(entry.flow for entry in those)} fails"
            )


def directories(call: Call) -> tuple[Path, ...]:
    """Return the directories of environments: the user's own come before the packaged ones."""
    return call.settings.config_file.parent / "environments", environment.PACKAGED
