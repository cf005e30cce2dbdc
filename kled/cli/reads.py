"""The commands that only read: `get-*` and `toolbox-dump`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kled.cli import cluster_name
from kled.cli.definition import show_definition
from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show, show_value

if TYPE_CHECKING:
    from kled.operations.fleet.each_cluster import Found, Listing

_NAME = cluster_name.name(cluster_name.ALL)

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
    Column("SUBNETS", "subnets"),
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
    from kled.operations.fleet.each_cluster import clusters  # noqa: PLC0415 - not for --help

    with call.session() as session:
        if name is not None and call.settings.output != "table":
            show_definition(call, session.kops.get_definition(name), call.settings.output)
            return
        found = clusters(session, name)
    if not found.rows:
        call.say("no clusters; create one with: kled kops create-cluster --name=NAME --zones=ZONE")
    _show(call, found, CLUSTERS)


@leaf(
    "get-instance-groups",
    examples=("kled kops get-instance-groups --name=mycluster.example.com",),
)
@_NAME
def get_instance_groups(call: Call, name: str | None) -> None:
    """List instance groups.

    One that kops cannot read is listed with the reason, and the exit status is 1.
    """
    from kled.operations.cluster.unreadable import listed_groups  # noqa: PLC0415
    from kled.operations.fleet.each_cluster import Listing  # noqa: PLC0415 - not for --help

    listing = Listing(
        listed_groups,
        what="instance group",
        none="it has no instance group: kops updates no such cluster",
        partly=True,
    )
    _list(call, name, INSTANCE_GROUPS, listing)


@leaf("get-instances", examples=("kled kops get-instances --name=mycluster.example.com",))
@_NAME
def get_instances(call: Call, name: str | None) -> None:
    """List instances, and whether each runs what the definition says."""
    from kled.operations.fleet.each_cluster import Listing  # noqa: PLC0415 - not for --help

    _list(call, name, INSTANCES, Listing(lambda session, one: session.kops.get_instances(one)))


@leaf("get-secrets", examples=("kled kops get-secrets --name=mycluster.example.com",))
@_NAME
def get_secrets(call: Call, name: str | None) -> None:
    """List secrets: names and types, never values."""
    from kled.operations.credentials.secrets import listed_secrets  # noqa: PLC0415
    from kled.operations.fleet.each_cluster import Listing  # noqa: PLC0415 - not for --help

    _list(call, name, SECRETS, Listing(listed_secrets))


@leaf("get-keypairs", examples=("kled kops get-keypairs --name=mycluster.example.com",))
@_NAME
def get_keypairs(call: Call, name: str | None) -> None:
    """List keypairs; the primary one signs, distrusted ones are on their way out.

    A keyset that kops cannot read, and leaves out, is listed with the reason; the exit status is 1.
    """
    from kled.operations.fleet.each_cluster import Listing  # noqa: PLC0415 - not for --help

    listing = Listing(
        lambda session, one: session.kops.get_keypairs(one, distrusted=True), what="keyset"
    )
    _list(call, name, KEYPAIRS, listing)


@leaf(
    "toolbox-dump",
    examples=("kled kops toolbox-dump --name=mycluster.example.com -o json > dump.json",),
)
@cluster_name.name(cluster_name.ONLY_ONE)
def toolbox_dump(call: Call, name: str | None) -> None:
    """Dump a cluster's cloud resources: the table counts them, JSON and YAML hold them whole."""
    from kled.operations.names import only_cluster  # noqa: PLC0415 - not for --help

    with call.session() as session:
        dump = session.kops.toolbox_dump(only_cluster(session, name))
    if call.settings.output == "table":
        show(_counts(dump), (Column("RESOURCE", "type"), Column("COUNT", "count")), "table")
    else:
        show_value(dump, call.settings.output)


def _counts(dump: dict[str, Any]) -> list[dict[str, object]]:
    kinds = sorted(str(resource.get("type")) for resource in dump.get("resources") or [])
    return [{"type": kind, "count": kinds.count(kind)} for kind in dict.fromkeys(kinds)]


def _list(call: Call, name: str | None, columns: Sequence[Column], listing: "Listing") -> None:
    """Show one cluster's rows, or those of all clusters with a column for the cluster."""
    from kled.operations.fleet.each_cluster import each_cluster  # noqa: PLC0415 - not for --help

    with call.session() as session:
        found = each_cluster(session, name, listing)
    one = found.clusters == 1
    _show(call, found, columns if one else (Column("CLUSTER", "cluster"), *columns))


def _show(call: Call, found: "Found", columns: Sequence[Column]) -> None:
    """Show the rows, then a line for each that is wrong; raise where one could not be read."""
    show(found.rows, columns, call.settings.output)
    for line in found.lines:
        call.say(line)
    found.require()
