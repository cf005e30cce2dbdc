"""`kled kops edit-cluster`."""

from functools import partial
from pathlib import Path

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.edited_text import FILE, from_file, in_editor
from kled.errors import InvalidInput
from kled.kops.fields.flags import require_text
from kled.operations.cluster.edit_cluster import EditCluster, StoreEditedCluster
from kled.operations.cluster.edit_step import NO_CHANGE
from kled.operations.cluster.kept_fields import require_known_cluster
from kled.operations.instance_group.edited_group import Document
from kled.sentences import options


@leaf(
    "edit-cluster",
    examples=(
        "kled kops edit-cluster --name=c.example.com --set=spec.kubernetesApiAccess=10.0.0.0/8",
        "kled kops edit-cluster --name=c.example.com --set=spec.etcdClusters[*].version=3.6.6",
        "kled kops edit-cluster --name=c.example.com --unset=spec.cloudLabels.team",
        "kled kops edit-cluster --name=c.example.com --file=cluster.yaml",
        "kled kops edit-cluster --name=c.example.com",
    ),
    guards=EditCluster.guards,
)
@cluster_name.name(cluster_name.ALWAYS)
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
@FILE
def edit_cluster(
    call: Call,
    name: str | None,
    *,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    skip_minor_versions: bool,
    file: Path | None,
) -> None:
    """Change a cluster's definition, by options, or in $VISUAL or $EDITOR.

    Names of fields, the version of Kubernetes and the places of the cluster's keys are checked
    before anything is stored, by kled and by kops; an edit that is refused is kept. Instance groups
    have edit-instance-group.
    """
    if file is not None and (sets or unsets):
        raise InvalidInput("--file", "cannot be combined with --set and --unset")
    require_text("Cluster", sets, unsets)
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
        stored = session.kops.definition.get(cluster).cluster
        if sets or unsets:  # before lease and snapshot
            session.kops.fields.flags("Cluster", sets, (), stored=stored)
        else:  # before anybody edits in vain
            require_known_cluster(session, stored)
    if sets or unsets:
        _store(call, EditCluster(cluster, sets, unsets, skip_minor_versions))
        return

    def store(text: str, seen: Document | None = None) -> None:
        _store(call, StoreEditedCluster(cluster, text, seen, skip_minor_versions))

    if file is not None:
        store(from_file(file, stored))
    else:
        edited = partial(store, seen=stored)
        in_editor(call, stored, edited, command="edit-cluster", name=cluster)


def _store(call: Call, operation: EditCluster | StoreEditedCluster) -> None:
    report = execute(call, operation)
    if report.rows[-1].words != NO_CHANGE:
        meant = options(name=operation.cluster, new_identity=call.overrides.new_identity)
        call.say(f"next: kled kops update-cluster {meant}")
