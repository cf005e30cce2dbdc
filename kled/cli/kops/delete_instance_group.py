"""`kled kops delete-instance-group`."""

from dataclasses import replace

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.plan import show_plan
from kled.operations.instance_group.create_delete import (
    DeleteInstanceGroup,
    require_spare,
    why_protected,
)
from kled.operations.preview.blast_radius import of_deletion
from kled.operations.preview.preview_change import preview_group_deletion
from kled.operations.preview.sight import SessionSight
from kled.sentences import options


@leaf(
    "delete-instance-group",
    examples=("kled kops delete-instance-group --name=c.example.com --instance-group=spot --yes",),
    guards=DeleteInstanceGroup.guards,
)
@cluster_name.name(cluster_name.ALWAYS)
@click.option("--instance-group", "group", metavar="GROUP", required=True, help="Its whole name.")
@click.option("--yes", is_flag=True, help="Delete it.")
@click.option(
    "--confirm", metavar="CLUSTER", help="The name once more; a protected cluster needs it."
)
def delete_instance_group(
    call: Call, name: str | None, group: str, confirm: str | None, *, yes: bool
) -> None:
    """Show which machines an instance group has; with --yes delete it.

    kops would end its machines with the pods on them: while it has any, scale it to 0 first, or say
    --no-drain.
    """
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
        stored = session.kops.instance_groups.get(cluster, group)
        deletion, shown = DeleteInstanceGroup(cluster, stored.name, confirm), None
        require_spare(session, cluster, stored.name)
        why = why_protected(session, cluster)
        if not yes:
            looking = session.looking()
            confirmed = replace(deletion, confirm=confirm or cluster)
            plan = preview_group_deletion(looking, confirmed, now=True)
            sight = SessionSight(looking, cluster)
            radius = None if plan.refusal else of_deletion(looking, cluster, stored.name, sight)
            shown = plan, radius
    if shown is None:
        told = confirm or (names.ask_for_name(cluster, why, "delete the group") if why else None)
        execute(call, replace(deletion, confirm=told))
        return
    show_plan(call, *shown)
    if why:
        call.say(f'cluster "{cluster}" is protected: {why}')
    named = {"name": cluster, "instance_group": stored.name}
    if call.overrides.no_drain:
        most = stored.max_size if stored.max_size is not None else "kops' default number of"
        call.say(
            f"machines that kops ends without draining them: up to {most}; to drain them first:"
            f" kled kops scale-instance-group {options(**named, size=0, yes=True)}"
        )
    again = call.typed.again(
        "kops delete-instance-group", **named, yes=True, confirm=cluster if why else None
    )
    call.say(f"preview only; delete with: {again}")
