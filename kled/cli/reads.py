"""The commands that only read: `get-*` and `toolbox-dump`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show, show_value

if TYPE_CHECKING:
    from kled.config import Settings
    from kled.models.cluster import Cluster
    from kled.operations.each_cluster import Listing

_NAME = click.option("--name", metavar="CLUSTER", help="The cluster; without it, all of the store.")

CLUSTERS = (
    Column("NAME", "name"),
    Column("CLOUD", "cloud"),
    Column("ZONES", "zones"),
    Column("KUBERNETES", "kubernetes_version"),
)
INSTANCE_GROUPS = (
    Column("NAME", "name"),
    Column("ROLE", "role"),
    Column("MACHINE TYPE", "machine_type"),
    Column("MIN", "min", absent="-"),
    Column("MAX", "max", absent="-"),
    Column("ZONES", "zones"),
)
INSTANCES = (
    Column("ID", "id"),
    Column("NODE", "node"),
    Column("STATUS", "status"),
    Column("ROLES", "roles"),
    Column("INTERNAL IP", "internal_ip"),
    Column("INSTANCE GROUP", "instance_group"),
    Column("MACHINE TYPE", "machine_type"),
)
KEYPAIRS = (
    Column("NAME", "name"),
    Column("ID", "id"),
    Column("ISSUED", "issued"),
    Column("EXPIRES", "expires"),
    Column("PRIMARY", "primary"),
    Column("DISTRUSTED", "distrusted"),
)
SECRETS = (Column("TYPE", "type"), Column("NAME", "name"))


@leaf(
    "get-clusters",
    examples=(
        "kled kops get-clusters --state=s3://acme-kops-state",
        "kled kops get-clusters -o json",
    ),
)
@click.option(
    "--name", metavar="CLUSTER", help="Only this cluster; yaml and json are its definition."
)
def get_clusters(call: Call, name: str | None) -> None:
    """List the clusters of the state store; with --name show one.

    A cluster that kops cannot load is listed with the reason, and the exit status is 1.
    """
    from kled.operations.each_cluster import Trouble, require_read  # noqa: PLC0415
    from kled.operations.listed_clusters import listed_clusters  # noqa: PLC0415 - not for --help

    with call.session() as session:
        if name is not None and call.settings.output != "table":
            show_value(session.kops.get_definition(name).as_json(), call.settings.output)
            return
        found = [one for one in listed_clusters(session) if name in (None, one.name)]
        if name is not None and not found:
            session.kops.get_definition(name)  # raises ClusterNotFound as kops words it
    rows = [_cluster_row(call.settings, one) for one in found]
    show(rows, CLUSTERS, call.settings.output)
    if not rows:
        call.say("no clusters; create one with: kled kops create-cluster --name=NAME --zones=ZONE")
    bad = [Trouble(row["name"], row["problem"], row["mend"]) for row in rows if "mend" in row]
    for trouble in bad:
        call.say(trouble.line)
    require_read(bad, len(rows))


@leaf(
    "get-instance-groups",
    examples=("kled kops get-instance-groups --name=mycluster.example.com",),
)
@_NAME
def get_instance_groups(call: Call, name: str | None) -> None:
    """List instance groups."""
    from kled.operations.each_cluster import Listing  # noqa: PLC0415 - not for --help

    listing = Listing(
        lambda session, one: session.kops.get_instance_groups(one),
        what="instance group",
        none="it has no instance group: kops updates no such cluster",
        partly=True,
    )
    _list(call, name, INSTANCE_GROUPS, listing)


@leaf("get-instances", examples=("kled kops get-instances --name=mycluster.example.com",))
@_NAME
def get_instances(call: Call, name: str | None) -> None:
    """List instances, and whether each runs what the definition says."""
    from kled.operations.each_cluster import Listing  # noqa: PLC0415 - not for --help

    _list(call, name, INSTANCES, Listing(lambda session, one: session.kops.get_instances(one)))


@leaf("get-secrets", examples=("kled kops get-secrets --name=mycluster.example.com",))
@_NAME
def get_secrets(call: Call, name: str | None) -> None:
    """List secrets: names and types, never values."""
    from kled.operations.each_cluster import Listing  # noqa: PLC0415 - not for --help

    _list(call, name, SECRETS, Listing(lambda session, one: session.kops.get_secrets(one)))


@leaf("get-keypairs", examples=("kled kops get-keypairs --name=mycluster.example.com",))
@_NAME
def get_keypairs(call: Call, name: str | None) -> None:
    """List keypairs; the primary one signs, distrusted ones are on their way out.

    A keyset that kops cannot read, and leaves out, is listed with the reason; the exit status is 1.
    """
    from kled.operations.each_cluster import Listing  # noqa: PLC0415 - not for --help

    listing = Listing(lambda session, one: session.kops.get_keypairs(one), what="keyset")
    _list(call, name, KEYPAIRS, listing)


@leaf(
    "toolbox-dump",
    examples=("kled kops toolbox-dump --name=mycluster.example.com -o json > dump.json",),
)
@click.option("--name", metavar="CLUSTER", help="The cluster; without it, the store's only one.")
def toolbox_dump(call: Call, name: str | None) -> None:
    """Dump a cluster's cloud resources: the table counts them, JSON and YAML hold them whole."""
    from kled.operations.names import only_cluster  # noqa: PLC0415 - not for --help

    with call.session() as session:
        dump = session.kops.toolbox_dump(only_cluster(session, name))
    if call.settings.output == "table":
        show(_counts(dump), (Column("RESOURCE", "type"), Column("COUNT", "count")), "table")
    else:
        show_value(dump, call.settings.output)


def _cluster_row(settings: "Settings", cluster: "Cluster") -> dict[str, Any]:
    """Return a row; one that cannot be read says so where its cloud would stand."""
    from kled.operations.each_cluster import UNREADABLE, put_back  # noqa: PLC0415

    row = cluster.as_json()
    if cluster.problem:
        row |= {"cloud": UNREADABLE, "mend": put_back(settings, cluster.name)}
    return row


def _counts(dump: dict[str, Any]) -> list[dict[str, object]]:
    kinds = sorted(str(resource.get("type")) for resource in dump.get("resources") or [])
    return [{"type": kind, "count": kinds.count(kind)} for kind in dict.fromkeys(kinds)]


def _list(call: Call, name: str | None, columns: Sequence[Column], listing: "Listing") -> None:
    """Show one cluster's rows, or those of all clusters with a column for the cluster."""
    from kled.operations.each_cluster import each_cluster  # noqa: PLC0415 - not for --help

    with call.session() as session:
        found = each_cluster(session, name, listing)
    shown = columns if found.clusters == 1 else (Column("CLUSTER", "cluster"), *columns)
    show(found.rows, shown, call.settings.output)
    for trouble in found.troubles:
        call.say(trouble.line)
    found.require()
