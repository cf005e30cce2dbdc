"""`edit-cluster`."""

import click

from kled.cli import meant
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.errors import InvalidInput
from kled.kops.field_flags import require_text
from kled.operations.edit_cluster import EditCluster
from kled.operations.edit_instance_group import NO_CHANGE


@leaf(
    "edit-cluster",
    examples=(
        "kled kops edit-cluster --name=c.example.com --set=spec.kubernetesApiAccess=10.0.0.0/8",
        "kled kops edit-cluster --name=c.example.com --set=spec.etcdClusters[*].version=3.6.6",
        "kled kops edit-cluster --name=c.example.com --unset=spec.cloudLabels.team",
    ),
    guards=EditCluster.guards,
)
@click.option("--name", metavar="CLUSTER", help="The cluster.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="A field as get-clusters --name=CLUSTER -o yaml names it; repeatable. A list grows by it.",
)
@click.option(
    "--unset", "unsets", multiple=True, metavar="PATH", help="A field to leave out; repeatable."
)
@click.option(
    "--skip-minor-versions",
    is_flag=True,
    help="Let spec.kubernetesVersion go over minor versions, which Kubernetes does not support.",
)
def edit_cluster(
    call: Call,
    name: str | None,
    *,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    skip_minor_versions: bool,
) -> None:
    """Change fields of a cluster's definition; instance groups have edit-instance-group.

    Names of fields, the version of Kubernetes and the places of the cluster's keys are checked
    before anything is stored, by kled and by kops.
    """
    if not sets and not unsets:
        raise InvalidInput("--set", "say what to change with --set and --unset")
    require_text("Cluster", sets, unsets)
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=True)
        stored = session.kops.get_definition(cluster).cluster
        session.kops.field_flags("Cluster", sets, (), stored=stored)  # before lease and snapshot
    report = execute(call, EditCluster(cluster, sets, unsets, skip_minor_versions))
    if report.rows[-1].words != NO_CHANGE:
        call.say(f"next: kled kops update-cluster --name={cluster}")
