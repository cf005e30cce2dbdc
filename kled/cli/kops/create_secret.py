"""`kled kops create-secret`."""

from pathlib import Path

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.files.given import require_filled
from kled.models.credential import SECRET_KINDS
from kled.operations.credentials.secrets import (
    CreateSecret,
)

_NAME = cluster_name.name(cluster_name.ALWAYS)


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
    require_filled(file, "--file")
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
    then = f"kled kops update-cluster --name={cluster}"
    execute(call, CreateSecret(cluster, kind, file.absolute(), force), then=then)
