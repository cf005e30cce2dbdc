"""`kled kops validate-cluster`."""

from collections.abc import Sequence
from datetime import timedelta

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.parameters import DURATION
from kled.cli.terminal import streams
from kled.cli.terminal.answers import show_answers
from kled.cli.terminal.output import Column, show, show_value
from kled.cli.terminal.steps import display
from kled.errors import InvalidInput
from kled.models.validation import ValidationReport
from kled.operations.fleet.all_clusters import Answer
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.health.validate_cluster import (
    ValidateCluster,
    healthy,
    not_ready,
    validate_once,
    wait_until_healthy,
)
from kled.operations.health.validate_clusters import look_at_clusters, require_healthy
from kled.operations.instance_group import lost_groups

_FAILURES = (Column("KIND", "kind"), Column("NAME", "name"), Column("MESSAGE", "message"))


_NODES = (
    Column("NODE", "name"),
    Column("ROLE", "role"),
    Column("ZONE", "zone"),
    Column("READY", "ready"),
)


@leaf(
    "validate-cluster",
    examples=(
        "kled kops validate-cluster --name=mycluster.example.com",
        "kled kops validate-cluster --name=mycluster.example.com --wait=15m",
        "kled kops validate-cluster --wait=5m --output=json",
    ),
)
@cluster_name.name(cluster_name.ALL)
@click.option(
    "--wait",
    type=DURATION,
    help="Wait so long until it is healthy, or all are: 15m [default: look once].",
)
@click.option("--skip", metavar="CLUSTER", multiple=True, help="Of all, not this one; repeatable.")
def validate_cluster(
    call: Call, name: str | None, wait: timedelta | None, skip: tuple[str, ...]
) -> None:
    """Say whether a cluster is healthy: exit 0 when it is, 3 when it is not yet.

    Without --name all are asked, each has one row, and the worst decides: exit 1 where one could
    not be asked, else 3 where one is not healthy. With --wait one that another command of kled
    changes meanwhile is not called unhealthy.
    """
    if name is not None and skip:
        raise InvalidInput("--skip", "is for all clusters: leave out --name")
    with (
        display(streams.err(), verbose=call.verbose) as watching,
        call.session(
            on_line=watching.line,
            on_note=watching.note if wait is not None else None,  # of a single look, a line by it
            asks_again=wait is None,
        ) as session,
    ):
        listed = () if name is not None else listed_clusters(session)
        listed = tuple(candidate for candidate in listed if candidate.name not in skip)
        if len(listed) > 1:
            _of_all(call, look_at_clusters(session, listed, wait or timedelta(0)))
            return
        cluster = names.only(session, listed, name)
        if wait is None:
            report, late = validate_once(session, cluster), None
            lost = lost_groups.remark(session, cluster)
        else:
            report, late = wait_until_healthy(session, ValidateCluster(cluster, wait), watching)
            lost = ""  # it was noted
    _show(call, report)
    if lost:
        call.say(f"warning: {lost}")
    if late is not None:
        raise late
    if not report.ready:
        raise not_ready(cluster, report)
    call.say(f'cluster "{cluster}" is healthy: {healthy(report)}')


def _of_all(call: Call, answers: Sequence[Answer]) -> None:
    """Show every cluster; raise the worst problem: unreadable first, then unhealthy."""
    show_answers(call, answers, "HEALTH")
    call.say(require_healthy(answers))


def _show(call: Call, report: ValidationReport) -> None:
    if call.settings.output != "table":
        show_value(report.as_json(), call.settings.output)
    else:
        show([node.as_json() for node in report.nodes], _NODES, "table")
        if report.failures:
            show([failure.as_json() for failure in report.failures], _FAILURES, "table")
