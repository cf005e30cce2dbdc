"""`kled snapshot prune`."""

from dataclasses import replace
from typing import Any, Final

import click

from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.frame.names import ask_for_name
from kled.cli.snapshot.columns import size
from kled.cli.snapshot.kept import COLUMNS, snapshot_rows
from kled.cli.terminal.output import show, show_value
from kled.errors import InvalidInput
from kled.operations.guards.protection import pattern_protection
from kled.operations.snapshots.plan_snapshots import preview_prune
from kled.operations.snapshots.prune import PruneSnapshots
from kled.sentences import number

_NUMBER: Final = click.IntRange(0, 100_000)
"""The type of a number of snapshots to keep."""


@leaf(
    "prune",
    examples=(
        "kled snapshot prune --all",
        "kled snapshot prune --name=c.example.com --daily=14 --yes",
        "kled snapshot prune --all --yes",
    ),
    snapshots=True,
)
@click.option("--name", metavar="CLUSTER", help="The cluster; or take --all.")
@click.option("--all", "everything", is_flag=True, help="Every cluster.")
@click.option("--last", type=_NUMBER, metavar="N", help="Keep so many of the newest.")
@click.option("--hourly", type=_NUMBER, metavar="N", help="Keep the newest of so many hours.")
@click.option("--daily", type=_NUMBER, metavar="N", help="Keep the newest of so many days.")
@click.option("--weekly", type=_NUMBER, metavar="N", help="Keep the newest of so many weeks.")
@click.option("--monthly", type=_NUMBER, metavar="N", help="Keep the newest of so many months.")
@click.option("--yearly", type=_NUMBER, metavar="N", help="Keep the newest of so many years.")
@click.option("--yes", is_flag=True, help="Do it.")
@click.option(
    "--confirm", metavar="CLUSTER", help="The name once more; a protected cluster needs it."
)
def prune(
    call: Call,
    /,
    *,
    name: str | None,
    everything: bool,
    yes: bool,
    confirm: str | None,
    **numbers: int | None,
) -> None:
    """Show which snapshots retention would remove; with --yes remove them.

    What `latest` means, the newest trusted snapshot, is never removed, nor anything younger than a
    day.
    What only removed snapshots needed is collected a day later, so that no other run is disturbed.
    """
    if (name is None) == (not everything):
        raise InvalidInput("--name", "name a cluster, or take --all")
    typed = {key: number for key, number in numbers.items() if number is not None}
    operation = PruneSnapshots(typed, name, confirm)
    if not yes:
        _preview(call, operation)
        return
    operation = replace(operation, confirm=confirm or _asked(call, name))
    _show_pruned(call, execute(call, operation, shown=False).result.as_json())


def _preview(call: Call, operation: PruneSnapshots) -> None:
    with call.session(with_kops=False) as session:
        plan, refusal = preview_prune(session, operation)
    _show(call, plan)
    _warn_of_unreadable(call, plan.as_json())
    if refusal is not None:
        raise refusal
    only = operation.only
    why = pattern_protection(only, call.settings.protected) if only else None
    again = call.typed.again("snapshot prune", yes=True, confirm=only if why else None)
    call.say(f"preview only; remove them with: {again}")


def _asked(call: Call, name: str | None) -> str | None:
    """Ask a person for the name of a protected cluster; None where nobody can be asked."""
    why = pattern_protection(name, call.settings.protected) if name else None
    return ask_for_name(name, why, "prune it") if name and why else None


def _show_pruned(call: Call, report: dict[str, Any]) -> None:
    if call.settings.output == "table":
        show(snapshot_rows(report["removed"], "removed"), COLUMNS, "table")
    else:
        show_value(report, call.settings.output)
    call.say(
        f"{number(len(report['removed']), 'snapshot')} removed,"
        f" {number(report['collected'], 'object')} collected"
        f" ({size(report['bytes'])})"
    )
    for key in report["locked"]:
        call.say(f"warning: {key} is locked, or may not be deleted: it stays")
    _warn_of_unreadable(call, report)


def _warn_of_unreadable(call: Call, document: dict[str, Any]) -> None:
    for damaged in document["unreadable"]:
        call.say(
            f"warning: {damaged['cluster']} {damaged['id']}: {damaged['why']}; nothing is collected"
            " until it is gone"
        )
    for stray in document["strays"]:
        call.say(f"warning: {stray['cluster']} {stray['id']} is left alone: {stray['why']}")


def _show(call: Call, plan: Any) -> None:  # noqa: ANN401 - a PrunePlan, imported late
    document = plan.as_json()
    if call.settings.output == "table":
        rows = [{**snapshot, "what": "keep"} for snapshot in document["kept"]]
        rows += snapshot_rows(document["removed"], "remove")
        show(sorted(rows, key=lambda row: (row["cluster"], row["id"])), COLUMNS, "table")
    else:
        show_value(document, call.settings.output)
    call.say(
        f"{number(len(plan.removed), 'snapshot')} would be removed and"
        f" {number(len(plan.garbage), 'object')} collected"
    )
