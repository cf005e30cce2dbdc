"""`kled kops rotate-keypairs`."""

from typing import get_args

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.plan import show_plan
from kled.operations.credentials.rotate_keypairs import (
    ALL,
    Phase,
    RotateKeypairs,
    open_keysets,
    require_rolled,
)
from kled.operations.identity import kept_keys
from kled.operations.preview.preview_change import preview_rotation


class _InOrder(click.Choice[str]):
    """The phases; whoever names none is told which comes when."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Return the order of the phases, and what comes between."""
        del param, ctx
        return (
            "One phase at a time: --phase=create, then promote, then distrust. After each one"
            " every machine has to be updated and replaced: update-cluster, then rolling-update."
        )


_NAME = cluster_name.name(cluster_name.ALWAYS)


@leaf(
    "rotate-keypairs",
    examples=(
        "kled kops rotate-keypairs --name=c.example.com --phase=create --yes",
        "kled kops rotate-keypairs --name=c.example.com --phase=promote --yes",
        "kled kops rotate-keypairs --name=c.example.com --phase=distrust --yes",
    ),
    guards=RotateKeypairs.guards,
)
@_NAME
@click.option(
    "--phase",
    required=True,
    type=_InOrder(get_args(Phase)),
    help="In this order; after each one update-cluster and rolling-update.",
)
@click.option(
    "--keyset",
    metavar="KEYSET",
    default=ALL,
    show_default=True,
    help="As get-keypairs lists it.",
)
@click.option("--yes", is_flag=True, help="Do it.")
def rotate_keypairs(call: Call, name: str | None, phase: Phase, keyset: str, *, yes: bool) -> None:
    """Add, promote or distrust keypairs; a phase that comes too early is refused."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
        rotation = RotateKeypairs(cluster, phase, keyset)
        kept_keys.require_whole(session, cluster)
        if open_keysets(session, rotation):
            require_rolled(session, rotation)
        shown = None if yes else preview_rotation(session.looking(), rotation, now=True)
    if shown is None:
        execute(call, rotation, then=f"kled kops update-cluster --name={cluster} --yes")
        return
    show_plan(call, shown)
    left = [change.name for change in shown.changes]
    if left:
        again = call.typed.again("kops rotate-keypairs", name=cluster, yes=True)
        call.say(f"{phase}: {', '.join(left)}", f"preview only; do it with: {again}")
