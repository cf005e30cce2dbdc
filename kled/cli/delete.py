"""`kled kops delete-cluster`."""

import click

from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.meant import asked
from kled.cli.plan import show_plan
from kled.models.plan import Change, Plan
from kled.operations.delete_cluster import DeleteCluster
from kled.operations.names import named_cluster
from kled.operations.protection import protection


@leaf(
    "delete-cluster",
    examples=(
        "kled kops delete-cluster --name=mycluster.example.com",
        "kled kops delete-cluster --name=mycluster.example.com --yes",
        "kled kops delete-cluster --name=prod.example.com --yes --confirm=prod.example.com",
    ),
    mutates=True,
)
@click.option("--name", metavar="CLUSTER", help="The cluster.")
@click.option("--yes", is_flag=True, help="Delete it.")
@click.option(
    "--unregister",
    is_flag=True,
    help="Only forget the definition, keys and etcd backups; cloud resources stay.",
)
@click.option(
    "--confirm", metavar="CLUSTER", help="The name once more; a protected cluster needs it."
)
def delete_cluster(
    call: Call,
    name: str | None,
    confirm: str | None,
    *,
    yes: bool,
    unregister: bool,
) -> None:
    """Show what deleting a cluster removes; with --yes delete it."""
    with call.session() as session:
        cluster = named_cluster(session, name)
        stored = session.kops.get_definition(cluster)
        preview = None
        if not yes:
            preview = _forgotten(cluster) if unregister else session.kops.delete_preview(cluster)
    why = protection(stored, call.settings.protected)
    if preview is None:
        meant = confirm or (asked(cluster, why, "delete it") if why else None)
        execute(call, DeleteCluster(cluster, unregister, meant))
        return
    show_plan(call, preview)
    if why:
        call.say(f'cluster "{cluster}" is protected: {why}')
    flags = f"{' --unregister' if unregister else ''} --yes" + (
        f" --confirm={cluster}" if why else ""
    )
    call.say(f"preview only; delete with: kled kops delete-cluster --name={cluster}{flags}")


def _forgotten(cluster: str) -> Plan:
    """Return what `--unregister` removes; kops' own preview names nothing (capture 38e)."""
    kinds = ("definition", "keys and secrets", "etcd backups")
    return Plan(cluster, tuple(Change("delete", kind, cluster) for kind in kinds))
