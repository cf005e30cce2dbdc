"""`create-secret`, `delete-secret` and `rotate-keypairs`."""

from pathlib import Path
from typing import Final, get_args

import click

from kled.cli import cluster_name, meant
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.plan import show_plan
from kled.files.given import require_regular
from kled.models.credential import SECRET_KINDS
from kled.operations.credentials.rotate_keypairs import (
    ALL,
    Phase,
    RotateKeypairs,
    open_keysets,
    require_rolled,
)
from kled.operations.credentials.secrets import (
    CreateSecret,
    DeleteSecret,
    require_secret,
    require_unused,
)
from kled.operations.identity import kept_keys
from kled.operations.preview.preview_change import previewed_rotation, previewed_secret

_NAME = cluster_name.name(cluster_name.ALWAYS)
_NO_COPY: Final = "deletes it, and no copy is kept"


@leaf(
    "create-secret",
    examples=("kled kops create-secret dockerconfig --name=c.example.com --file=config.json",),
    guards=CreateSecret.guards,
)
@click.argument("kind", type=click.Choice(SECRET_KINDS))
@_NAME
@click.option(
    "--file",
    "-f",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="What it holds; values are never taken from the command line.",
)
@click.option("--force", is_flag=True, help="Replace the one that is there.")
def create_secret(call: Call, name: str | None, kind: str, file: Path, *, force: bool) -> None:
    """Store a dockerconfig, an encryptionconfig or a ciliumpassword from a file."""
    require_regular(file, "--file")
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=True)
    then = f"kled kops update-cluster --name={cluster}"
    execute(call, CreateSecret(cluster, kind, file.absolute(), force), then=then)


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
        cluster = meant.cluster(session, name, changes=True)
        deletion = DeleteSecret(cluster, secret)
        require_secret(session, cluster, secret)
        require_unused(session, cluster, secret)
        shown = None if yes else previewed_secret(session.looking(), deletion, now=True)
    if shown is None:
        execute(call, deletion, then=f"kled kops update-cluster --name={cluster}")
        return
    show_plan(call, shown)
    kept = call.settings.snapshot_store and not call.overrides.no_snapshot
    rest = "takes a snapshot, which keeps a copy, and deletes it" if kept else _NO_COPY
    call.say("preview only; the same command with --yes " + rest)


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
    type=click.Choice(get_args(Phase)),
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
        cluster = meant.cluster(session, name, changes=True)
        rotation = RotateKeypairs(cluster, phase, keyset)
        kept_keys.require_whole(session, cluster)
        if open_keysets(session, rotation):
            require_rolled(session, rotation)
        shown = None if yes else previewed_rotation(session.looking(), rotation, now=True)
    if shown is None:
        execute(call, rotation, then=f"kled kops update-cluster --name={cluster} --yes")
        return
    show_plan(call, shown)
    left = [one.name for one in shown.changes]
    if left:
        call.say(f"preview only; the same command with --yes does it: {phase} {', '.join(left)}")
