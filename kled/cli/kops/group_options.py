"""The options and lookups that commands on an instance group share."""

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call
from kled.cli.frame.execute import execute
from kled.cli.frame.parameters import COUNT
from kled.operations.cluster.edit_step import NO_CHANGE
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
    stored_group,
)
from kled.operations.instance_group.edited_group import Document
from kled.operations.instance_group.scaling_bounds import (
    next_command,
)

NAME = cluster_name.name(cluster_name.ALWAYS)


GROUP = click.option(
    "--instance-group",
    "group",
    metavar="GROUP",
    required=True,
    help="The group, or the start of its name: nodes for nodes-us-east-1a.",
)


MIN = click.option("--min", "minimum", type=COUNT, metavar="N", help="Least number of machines.")


MAX = click.option("--max", "maximum", type=COUNT, metavar="N", help="Greatest number of machines.")


def look_up(call: Call, name: str | None, group: str) -> tuple[str, str, Document]:
    """Return the cluster, the group and its stored definition; names may be cut short."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
        meant = names.instance_group(call, session, cluster, group)
        return cluster, meant, stored_group(session, cluster, meant)


def store_group(
    call: Call, operation: EditInstanceGroup | StoreInstanceGroup, before: Document
) -> None:
    """Store a changed definition, and name the command that applies it."""
    report = execute(call, operation)
    if report.rows[-1].words == NO_CHANGE:
        return
    with call.session() as session:
        after = stored_group(session, operation.cluster, operation.instance_group)
    new_identity = call.overrides.new_identity
    then = next_command(operation.cluster, before, after, new_identity=new_identity)
    call.say(f"next: {then}")
