"""`kled kops delete-secret`."""

from typing import Final

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.plan import show_plan
from kled.operations.credentials.secrets import (
    DeleteSecret,
    require_secret,
    require_unused,
)
from kled.operations.preview.preview_change import preview_secret_deletion

_NAME = cluster_name.name(cluster_name.ALWAYS)


_COPY: Final = "a snapshot is taken before, which keeps a copy"
_NO_COPY: Final = "no copy of it is kept"


@leaf(
    "delete-secret",
    examples=("kled kops delete-secret --name=c.example.com --secret=dockerconfig --yes",),
    guards=DeleteSecret.guards,
)
@_NAME
@click.option("--secret", required=True, metavar="SECRET", help="As get-secrets lists it.")
@click.option("--yes", is_flag=True, help="Delete it; only a snapshot keeps a copy.")
def delete_secret(call: Call, name: str | None, secret: str, *, yes: bool) -> None:
    """Show the secret that would go; with --yes delete it."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
        deletion = DeleteSecret(cluster, secret)
        require_secret(session, cluster, secret)
        require_unused(session, cluster, secret)
        shown = None if yes else preview_secret_deletion(session.looking(), deletion, now=True)
    if shown is None:
        execute(call, deletion, then=f"kled kops update-cluster --name={cluster}")
        return
    show_plan(call, shown)
    kept = call.settings.snapshot_store and not call.overrides.no_snapshot
    again = call.typed.again("kops delete-secret", name=cluster, yes=True)
    call.say(_COPY if kept else _NO_COPY, f"preview only; delete with: {again}")
