"""`kled check-health`."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute_to_end
from kled.cli.frame.parameters import DURATION
from kled.cli.terminal.output import Column, show
from kled.errors import InvalidInput
from kled.models.health_finding import ALL, HealthFinding
from kled.operations.health.check_health import CheckHealth
from kled.sentences import enumerated, number

_COLUMNS: Final = (
    Column("STATE", "state"),
    Column("CLUSTER", "cluster"),
    Column("LOOK", "look"),
    Column("ABOUT", "about"),
    Column("WHAT", "words"),
)
_SHOWN: Final = 10


@leaf(
    "check-health",
    examples=(
        "kled check-health",
        "kled check-health --name=c.example.com",
        "kled check-health --no-validate --output=json > health.json || [ $? = 3 ]",
    ),
    snapshots=True,
)
@cluster_name.name(cluster_name.ALL)
@click.option(
    "--wait",
    type=DURATION,
    help="Ask one that does not validate again for so long: 5m [default: look once].",
)
@click.option("--skip", metavar="CLUSTER", multiple=True, help="Of all, not this one; repeatable.")
@click.option(
    "--no-validate", is_flag=True, help="Do not ask kops whether clusters validate: stores alone."
)
def check_health(
    call: Call,
    name: str | None,
    wait: timedelta | None,
    skip: tuple[str, ...],
    *,
    no_validate: bool,
) -> None:
    """Say whether clusters are healthy, and whether they could be brought back.

    Looks at kops' validation, etcd's control markers and backups, snapshots, lifecycle rules of
    buckets, certificates and discovery documents. Changes nothing. Exit 0: all is well, or there
    are warnings alone; 3: something is not; 1: something could not be looked at.
    """
    from kled.operations.health.looks.public import read_public  # noqa: PLC0415 - not for --help

    if name is not None and skip:
        raise InvalidInput("--skip", "is for all clusters: leave out --name")
    check = CheckHealth(
        name,
        wait or timedelta(0),
        skip,
        validates=not no_validate,
        read_public=read_public,
    )
    report = execute_to_end(call, check)
    _show(call, report.result or (), whole=name is not None)
    report.require()


def _show(call: Call, findings: Sequence[HealthFinding], *, whole: bool) -> None:
    if call.settings.output != "table":
        show([finding.as_json() for finding in findings], (), call.settings.output)
    elif findings:
        show(rows_of(findings, whole=whole), _COLUMNS, "table")
    for finding in findings:
        if finding.mend and finding.state != "ok":
            call.say(f"{finding.cluster}: {_about(finding)}: {finding.mend}")


def rows_of(findings: Sequence[HealthFinding], *, whole: bool) -> list[dict[str, Any]]:
    """Return a row for each finding that is not ok, the worst first, and one for all that is.

    With `whole`, what is ok has rows of its own, too.
    """
    told = [finding.as_json() for finding in findings if whole or finding.state != "ok"]
    return told if whole else [*told, *_healthy_row(findings)]


def _healthy_row(findings: Sequence[HealthFinding]) -> Iterator[dict[str, Any]]:
    """Yield the row of the clusters of which everything is ok; none where there is none."""
    bad = {finding.cluster for finding in findings if finding.state != "ok"}
    well = sorted({finding.cluster for finding in findings} - bad - {ALL})
    if well:
        yield {
            "state": "ok",
            "cluster": number(len(well), "cluster"),
            "look": "all",
            "about": "",
            "words": enumerated(well, _SHOWN),
        }


def _about(finding: HealthFinding) -> str:
    return " of ".join(filter(None, (finding.look, finding.about)))
