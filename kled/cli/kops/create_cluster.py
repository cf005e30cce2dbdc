"""`kled kops create-cluster`."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.frame.parameters import DURATION
from kled.cli.frame.spec_options import spec_from, spec_options
from kled.cli.terminal.definition import show_definition
from kled.cli.terminal.output import show_value
from kled.cli.terminal.plan import show_plan
from kled.commands import CREATE_AGAIN
from kled.errors import KledError
from kled.kops.fields.flags import require_text
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster, StoreCluster
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.health.kubeconfigs import default_place
from kled.sentences import options, word

_MORE: Final = re.compile(rf"{re.escape(CREATE_AGAIN)}((?: --[\w-]+(?:=[^\s;]+)?)+)")


@leaf(
    "create-cluster",
    examples=(
        "kled kops create-cluster --name=mycluster.example.com --zones=us-east-1a --node-count=2",
        "kled kops create-cluster --name=c.example.com --zones=fsn1 --cloud=hetzner --dry-run",
        "kled kops create-cluster --name=c.example.com --zones=us-east-1a --yes",
    ),
    guards=CreateCluster.guards,
)
@spec_options
@click.option("--dry-run", is_flag=True, help="Print the definition; store nothing.")
@click.option("--yes", is_flag=True, help="Create the cluster now: update, validate, export.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --yes: where the kubeconfig goes"
    " [default: ./kubeconfig-NAME; in a sandbox, a file of its own].",
)
@click.option(
    "--wait",
    type=DURATION,
    default="30m",
    show_default=True,
    help="With --yes: how long the cluster may take to validate.",
)
def create_cluster(
    call: Call,
    *,
    dry_run: bool,
    yes: bool,
    kubeconfig: Path | None,
    wait: timedelta,
    **options: Any,  # noqa: ANN401 - ClusterSpec's fields, read by spec_from
) -> None:
    """Store a cluster's definition and show what creating it would do; with --yes create it.

    A cluster that is stored already is attached to where its definition is the one that these
    options give; otherwise the differences are named and nothing is changed.
    """
    require_text("Cluster", options.get("set") or (), options.get("unset") or ())
    spec = spec_from(options)
    with as_typed(call):
        if dry_run:
            _print_definition(call, spec)
        elif yes:
            target = kubeconfig or default_place(call.settings, spec.name)
            execute(call, CreateCluster(spec, target.absolute(), wait), then=_look(call, target))
        else:
            _store_and_preview(call, spec)


@contextmanager
def as_typed(call: Call) -> Iterator[None]:
    """Let a hint to type this command with more options say the whole of it."""
    try:
        yield
    except KledError as error:
        if error.hint:
            error.with_hint(_MORE.sub(lambda said: _whole(call, said[1]), error.hint))
        raise


def _whole(call: Call, more: str) -> str:
    """Return this command with the options `more` in place of those that were typed."""
    parts = (option.removeprefix("--").partition("=") for option in more.split())
    return call.typed.again(
        "kops create-cluster", **{name: value if sign else True for name, sign, value in parts}
    )


def _look(call: Call, kubeconfig: Path) -> str:
    """Return the command that looks at the cluster with the files that exist."""
    path = call.settings.environment.get("PATH", os.defpath)
    if shutil.which("k9s", path=path):
        return f"KUBECONFIG={word(kubeconfig)} k9s"
    return f"kubectl {options(kubeconfig=kubeconfig)} get nodes"


def _print_definition(call: Call, spec: ClusterSpec) -> None:
    with call.session() as session:
        definition = session.kops.definition.dry_run(spec)
    show_definition(call, definition, call.settings.output)


def _store_and_preview(call: Call, spec: ClusterSpec) -> None:
    """Store the cluster and show its plan: two tables for people, one document for programs."""
    table = call.settings.output == "table"
    report = execute(call, StoreCluster(spec), shown=table)
    with call.session() as session:
        plan = preview_update(session.looking(), UpdateCluster(spec.name), now=True)
    if table:
        show_plan(call, plan)
    else:
        show_value({**report.as_json(), "plan": plan.as_json()}, call.settings.output)
    if plan.refusal is not None:
        raise plan.refusal
    call.say(f"next: kled kops update-cluster --name={spec.name} --yes")
