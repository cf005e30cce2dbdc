"""`kled snapshot mirror`."""

from typing import Any, Final

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute_to_end
from kled.cli.snapshot.columns import size
from kled.cli.snapshot.kept import COLUMNS, snapshot_rows
from kled.cli.terminal.output import show, show_value
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.sentences import number

_NUMBER: Final = click.IntRange(0, 100_000)
"""The type of a number of snapshots to keep."""


@leaf(
    "mirror",
    examples=(
        "kled snapshot mirror --to=gs://acme-kops-second-site",
        "kled snapshot mirror --name=c.example.com --to=file:///mnt/vault/snapshots",
    ),
    snapshots=True,
)
@click.option("--to", metavar="URL", required=True, help="The second snapshot store.")
@cluster_name.name(cluster_name.ALL)
@click.option(
    "--retain-until", metavar="TIME", help="Object lock there until then (ISO 8601, with zone)."
)
def mirror(call: Call, to: str, name: str | None, retain_until: str | None) -> None:
    """Copy the snapshots that a second store lacks, every byte proved; nothing is deleted there."""
    from kled.snapshot.repository import parse_time  # noqa: PLC0415 - not for --help

    until = parse_time(retain_until, "--retain-until") if retain_until else None
    operation = MirrorSnapshots(to, name, until)
    report = execute_to_end(call, operation)
    if report.result is not None:
        _show_mirrored(call, report.result.as_json())
        if until is not None and report.result.present:
            call.say(
                "warning: --retain-until holds for what is copied now; retention stays for"
                f" {number(report.result.present, 'snapshot')} there already"
            )
    report.require()


def _show_mirrored(call: Call, report: dict[str, Any]) -> None:
    if call.settings.output == "table":
        show(snapshot_rows(report["copied"], "copied"), COLUMNS, "table")
    else:
        show_value(report, call.settings.output)
    call.say(
        f"{len(report['copied'])} copied ({size(report['bytes'])}), {report['present']} there"
        " already"
    )
