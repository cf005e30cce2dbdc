"""`kled kops delete-cluster`."""

from dataclasses import replace

import click

from kled.cli.frame import cluster_name, parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.frame.names import ask_for_name
from kled.cli.terminal.plan import show_plan
from kled.models.plan import Plan
from kled.operations.cluster import unregistration
from kled.operations.cluster.delete_cluster import DeleteCluster, why_protected
from kled.operations.cluster.plan_deletion import plan_deletion
from kled.operations.guards.guards import DELETES
from kled.operations.guards.neighbours import commands_that_make_again
from kled.operations.names import named_cluster
from kled.operations.preview.preview_deletion import preview_deletion, require_deletable
from kled.operations.records.approved_plan import Approved
from kled.operations.session import Session


@leaf(
    "delete-cluster",
    examples=(
        "kled kops delete-cluster --name=mycluster.example.com",
        "kled kops delete-cluster --name=mycluster.example.com --yes",
        "kled kops delete-cluster --name=prod.example.com --yes --confirm=prod.example.com",
    ),
    guards=DELETES,
)
@cluster_name.name(cluster_name.ALWAYS)
@click.option("--yes", is_flag=True, help="Delete it.")
@click.option(
    "--unregister",
    is_flag=True,
    help="Only forget the definition, keys and etcd backups; cloud resources stay.",
)
@click.option(
    "--confirm", metavar="CLUSTER", help="The name once more; a protected cluster needs it."
)
@click.option(
    "--digest", metavar="HEX", callback=parameters.digest, help="Delete only what a preview showed."
)
@click.option(
    "--with-resources-of",
    metavar="CLUSTER",
    multiple=True,
    help="Also delete what kops takes of this neighbour; repeatable.",
)
def delete_cluster(  # noqa: PLR0913 - one parameter per option
    call: Call,
    name: str | None,
    confirm: str | None,
    digest: str | None,
    *,
    with_resources_of: tuple[str, ...],
    yes: bool,
    unregister: bool,
) -> None:
    """Show what deleting a cluster removes; with --yes delete it."""
    with call.session() as session:
        cluster = named_cluster(session, name)
        approved = Approved(digest) if digest else None
        wish = DeleteCluster(cluster, unregister, confirm, approved, with_resources_of)
        plan, why = _looked_at(call, session.looking(), wish, yes=yes)
        taking = plan_deletion(session, cluster) if yes and with_resources_of else None
        anew = commands_that_make_again(taking) if taking is not None else ()
    if plan is None:
        meant = confirm or (ask_for_name(cluster, why, "delete it") if why else None)
        execute(call, replace(wish, confirm=meant))
        for again in anew:
            call.say(f"next: {again}")
        return
    show_plan(call, plan)
    if why:
        call.say(f'cluster "{cluster}" is protected: {why}')
    again = call.typed.again(
        "kops delete-cluster",
        name=cluster,
        yes=True,
        confirm=cluster if why else None,
        digest=plan.digest[:12],
    )
    call.say(f"preview only; delete just that with: {again}")


def _looked_at(
    call: Call, session: Session, wish: DeleteCluster, *, yes: bool
) -> tuple[Plan | None, str | None]:
    """Return the plan (None to carry it out), and why the cluster is protected.

    A cluster that is gone cannot be deleted, unless the proof of its deletion is due. The preview
    is of the printed command, which includes the confirmation.
    """
    cluster = wish.cluster
    stored = require_deletable(session, wish)
    why = why_protected(session, stored) if stored else None
    if isinstance(stored, unregistration.Unreadable):
        call.say(f'cluster "{cluster}" cannot be read: {stored.why}')
    if yes:
        return None, why
    confirmed = replace(wish, confirm=wish.confirm or cluster)
    return preview_deletion(session, confirmed, now=True), why
