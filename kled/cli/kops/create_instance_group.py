"""`kled kops create-instance-group`."""

from typing import get_args

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.models.cluster import Role
from kled.operations.instance_group.create_delete import (
    CreateInstanceGroup,
)

_ROLES = tuple(role for role in get_args(Role) if role not in {"apiserver", "unknown"})
"""What `kops create instancegroup --role` takes."""


@leaf(
    "create-instance-group",
    examples=(
        "kled kops create-instance-group --name=C --instance-group=spot --subnet=us-east-1a",
    ),
    guards=CreateInstanceGroup.guards,
)
@cluster_name.name(cluster_name.ALWAYS)
@click.option("--instance-group", "group", metavar="NAME", required=True, help="The new name.")
@click.option(
    "--subnet",
    "subnets",
    metavar="SUBNET",
    multiple=True,
    required=True,
    help="A subnet, usually named like its zone; repeatable.",
)
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    default="node",
    show_default=True,
    help="What its machines are.",
)
def create_instance_group(
    call: Call, name: str | None, group: str, subnets: tuple[str, ...], role: Role
) -> None:
    """Add an instance group to a cluster's definition, with kops' defaults."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
    execute(
        call,
        CreateInstanceGroup(cluster, group, subnets, role),
        then=f"kled kops update-cluster --name={cluster}",
    )
