"""`create-instance-group` and `delete-instance-group`."""

from typing import get_args

import click

from kled.cli import cluster_name, meant
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.plan import show_plan
from kled.models.cluster import Role
from kled.models.plan import Change, Plan
from kled.operations import elsewhere
from kled.operations.blast_radius import of_deletion
from kled.operations.instance_groups import (
    CreateInstanceGroup,
    DeleteInstanceGroup,
    refuse_etcd_member,
    refuse_last_control_plane,
)
from kled.operations.sight import SessionSight
from kled.sentences import options

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
@click.option("--role", type=click.Choice(_ROLES), default="node", show_default=True)
def create_instance_group(
    call: Call, name: str | None, group: str, subnets: tuple[str, ...], role: Role
) -> None:
    """Add an instance group to a cluster's definition, with kops' defaults."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=True)
    execute(
        call,
        CreateInstanceGroup(cluster, group, subnets, role),
        then=f"kled kops update-cluster --name={cluster}",
    )


@leaf(
    "delete-instance-group",
    examples=("kled kops delete-instance-group --name=c.example.com --instance-group=spot --yes",),
    guards=DeleteInstanceGroup.guards,
)
@cluster_name.name(cluster_name.ALWAYS)
@click.option("--instance-group", "group", metavar="GROUP", required=True, help="Its whole name.")
@click.option("--yes", is_flag=True, help="Delete it and its machines at once, undrained.")
def delete_instance_group(call: Call, name: str | None, group: str, *, yes: bool) -> None:
    """Show which machines an instance group has; with --yes delete it and them at once."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=True)
        found = session.kops.get_instance_group(cluster, group)
        refuse_last_control_plane(session, cluster, found.name)
        refuse_etcd_member(session, cluster, found.name)
        radius, plan = None, Plan(cluster, (Change("delete", "instance group", found.name),))
        if not yes:
            plan = elsewhere.placed(session, plan)
            radius = of_deletion(session, cluster, found.name, SessionSight(session, cluster))
    if yes:
        execute(call, DeleteInstanceGroup(cluster, found.name))
        return
    show_plan(call, plan, radius)
    if plan.refused:
        return
    most = found.max_size if found.max_size is not None else "kops' default number of"
    call.say(f"machines that kops ends without draining them: up to {most}")
    call.say(
        "preview only; delete with: kled kops delete-instance-group"
        f" {options(name=cluster, instance_group=found.name)} --yes"
    )
