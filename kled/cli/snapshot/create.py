"""`kled snapshot create`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click

from kled.cli.frame import parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute_to_end
from kled.cli.terminal.output import Column, show, show_value
from kled.errors import InvalidInput
from kled.operations.snapshots.back_up import BackUpState
from kled.sentences import enumerated, number, options

if TYPE_CHECKING:
    from kled.snapshot.create.results import RunResult
from kled.cli.snapshot.columns import snapshot_row

_CREATED: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("LEVEL", "level"),
    Column("OBJECTS", "objects"),
    Column("SIZE", "size"),
    Column("SECONDS", "seconds"),
    Column("REMARK", "remark"),
)


def _backups(_ctx: click.Context, _option: click.Parameter, typed: str) -> int | None:
    """Return how many etcd backups to take; None means all."""
    if typed == "all":
        return None
    number = parameters.whole(typed)
    if number is None:
        raise InvalidInput("--etcd-backups", f"{typed!r} is neither a number nor all")
    return number


@leaf(
    "create",
    examples=(
        "kled snapshot create --name=c.example.com",
        "kled snapshot create --all --snapshot-store=s3://acme-kops-snapshots",
        "kled snapshot create --name=c.example.com --output=json",
    ),
    snapshots=True,
)
@click.option("--name", "names", metavar="CLUSTER", multiple=True, help="A cluster; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every cluster of the state store.")
@click.option(
    "--etcd-backups",
    metavar="N|all",
    default="1",
    callback=_backups,
    help="How many complete backups of each etcd cluster to take, newest first [default: 1].",
)
@click.option("--anew", is_flag=True, help="Write everything again; what is lost is given up.")
@click.option(
    "--rotated",
    metavar="SECRET",
    multiple=True,
    help="It was changed on purpose: its new value is the cluster's; repeatable.",
)
@click.option(
    "--retain-until", metavar="TIME", help="Object lock until then (ISO 8601, with zone)."
)
def create(  # noqa: PLR0913 - one parameter per option
    call: Call,
    names: tuple[str, ...],
    retain_until: str | None,
    *,
    etcd_backups: int | None,
    everything: bool,
    anew: bool,
    rotated: tuple[str, ...],
) -> int:
    """Take a snapshot of a cluster's state: definition, keys, secrets, newest etcd backups.

    Where nothing is new since the last one, none is made and that one's id is printed.
    """
    from kled.snapshot.repository import parse_time  # noqa: PLC0415 - not for --help

    chosen = _chosen(call, names, everything=everything)
    until = parse_time(retain_until, "--retain-until") if retain_until else None
    operation = BackUpState(
        tuple(chosen) if chosen else None, etcd_backups, until, not anew, rotated
    )
    report = execute_to_end(call, operation)
    if report.result is not None:
        _show_run(call, report.result.run, alone=bool(names))
    run = report.require().result.run
    reused = [cluster.cluster for cluster in run.clusters if cluster.reused]
    if until is not None and reused:
        again = options(name=reused, anew=True, retain_until=retain_until)
        call.say(
            f"warning: --retain-until holds for new snapshots; nothing was new for"
            f" {enumerated(reused, 3)}, whose retention stays: kled snapshot create {again}"
        )
    return 0


def _chosen(call: Call, names: tuple[str, ...], *, everything: bool) -> list[str] | None:
    """Return the chosen clusters; None means all."""
    if everything:
        if names:
            raise InvalidInput("--all", "takes every cluster: leave out --name")
        return None
    return list(names) or [_only_cluster(call)]


def _show_run(call: Call, done: "RunResult", *, alone: bool) -> None:
    """Show a row for each cluster, unless a single one failed and its error says everything."""
    _warn(call, done)
    rows = [cluster.as_json() for cluster in done.clusters]
    if call.settings.output == "table":
        if rows and (len(rows) != 1 or done.clusters[0].error is None):
            bad_first = sorted(rows, key=lambda row: (not row["mend"], row["cluster"]))
            show([snapshot_row(row) for row in bad_first], _CREATED, "table")
    elif len(rows) == 1 and alone:
        show_value({**rows[0], "run": done.run}, call.settings.output)
    else:
        show_value(done.as_json(), call.settings.output)


def _warn(call: Call, done: "RunResult") -> None:
    for warning in done.warnings:
        call.say(f"warning: {warning}")
    for name in done.orphans:
        call.say(f"warning: {name} holds no cluster: it is not in any snapshot")
    for cluster in done.clusters:
        if cluster.problems and (len(done.clusters) > 1 or cluster.error is None):
            call.say(f"warning: {cluster.cluster}: {'; '.join(cluster.problems)}; {cluster.mend}")


def _only_cluster(call: Call) -> str:
    """Return the state store's only cluster; raise `InvalidInput` where a choice is needed."""
    store = call.stores.state
    clusters = _clusters(store.entries())
    if len(clusters) != 1:
        raise InvalidInput(
            "--name",
            f"the state store has {number(len(clusters), 'cluster')}",
            hint="name one, or take --all",
        )
    return clusters[0]


def _clusters(entries: Iterable[Any]) -> list[str]:
    return [
        entry.key.removesuffix("/config")
        for entry in entries
        if entry.key.count("/") == 1 and entry.key.endswith("/config")
    ]
