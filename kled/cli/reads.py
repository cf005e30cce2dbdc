"""The commands that only read: `get-*` and `toolbox-dump`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show, show_value
from kled.errors import KledError

if TYPE_CHECKING:
    from kled.models.cluster import Cluster
    from kled.operations.session import Session

UNREADABLE = "(unreadable)"
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
    from kled.operations.listed_clusters import listed_clusters  # noqa: PLC0415 - not for --help

    with call.session() as session:
        if name is not None and call.settings.output != "table":
            show_value(session.kops.get_definition(name).as_json(), call.settings.output)
            return
        rows = [one for one in listed_clusters(session) if name in (None, one.name)]
        if name is not None and not rows:
            session.kops.get_definition(name)  # raises ClusterNotFound as kops words it
        url = session.kops.state_store
    call.show([_marked(one) for one in rows], CLUSTERS)
    if not rows:
        call.say("no clusters; create one with: kled kops create-cluster --name=NAME --zones=ZONE")
    _require_read(call, {one.name: one.problem for one in rows if one.problem}, len(rows), url)


@leaf(
    "get-instance-groups",
    examples=("kled kops get-instance-groups --name=mycluster.example.com",),
)
@_NAME
def get_instance_groups(call: Call, name: str | None) -> None:
    """List instance groups."""
    _list(call, name, INSTANCE_GROUPS, lambda session: session.kops.get_instance_groups)


@leaf("get-instances", examples=("kled kops get-instances --name=mycluster.example.com",))
@_NAME
def get_instances(call: Call, name: str | None) -> None:
    """List instances, and whether each runs what the definition says."""
    _list(call, name, INSTANCES, lambda session: session.kops.get_instances)


@leaf("get-secrets", examples=("kled kops get-secrets --name=mycluster.example.com",))
@_NAME
def get_secrets(call: Call, name: str | None) -> None:
    """List secrets: names and types, never values."""
    _list(call, name, SECRETS, lambda session: session.kops.get_secrets)


@leaf("get-keypairs", examples=("kled kops get-keypairs --name=mycluster.example.com",))
@_NAME
def get_keypairs(call: Call, name: str | None) -> None:
    """List keypairs; the primary one signs, distrusted ones are on their way out."""
    _list(call, name, KEYPAIRS, lambda session: session.kops.get_keypairs)


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


def _marked(row: "Cluster") -> "Cluster":
    """Return the row of a table: one that cannot be read says so where its cloud would stand."""
    return replace(row, cloud=UNREADABLE) if row.problem else row


def _require_read(call: Call, problems: Mapping[str, str], listed: int, url: str) -> None:
    """Say what could not be read, after what could; raise where there is anything of it."""
    for name, problem in problems.items():
        call.say(f"{name}: {problem}")
    if problems:
        first = next(iter(problems))
        raise KledError(
            f"{len(problems)} of {listed} clusters cannot be read: {', '.join(problems)}",
            hint=f"look at {url}/{first}/config; a good one comes back with:"
            f" kled snapshot restore --name={first} --snapshot=latest",
        )


def _counts(dump: dict[str, Any]) -> list[dict[str, object]]:
    kinds = sorted(str(resource.get("type")) for resource in dump.get("resources") or [])
    return [{"type": kind, "count": kinds.count(kind)} for kind in dict.fromkeys(kinds)]


def _list(
    call: Call,
    name: str | None,
    columns: Sequence[Column],
    reader: Callable[["Session"], Callable[[str], Sequence[Any]]],
) -> None:
    """Show one cluster's rows, or those of all clusters with a column for the cluster."""
    from kled.operations.listed_clusters import listed_clusters  # noqa: PLC0415 - not for --help

    rows: list[dict[str, Any]] = []
    with call.session() as session:
        read = reader(session)
        if name is not None:
            listed = {name: ""}
            rows += _rows(name, read)
        else:
            listed = {one.name: one.problem for one in listed_clusters(session)}
            for cluster, problem in listed.items():
                rows += _rows_or_problem(cluster, problem, read)
        url = session.kops.state_store
    unread = {row["cluster"]: row["problem"] for row in rows if row.get("name") == UNREADABLE}
    shown = columns if len(listed) == 1 else (Column("CLUSTER", "cluster"), *columns)
    show(rows, shown, call.settings.output)
    for row in rows:
        if row.get("problem") and row["cluster"] not in unread:
            call.say(f"{row['cluster']}: instance group {row['name']}: {row['problem']}")
    _require_read(call, unread, len(listed), url)


def _rows(cluster: str, read: Callable[[str], Sequence[Any]]) -> list[dict[str, Any]]:
    """Return a cluster's rows; which cluster it is, its own place says, not a label."""
    return [{**row.as_json(), "cluster": cluster} for row in read(cluster)]


def _rows_or_problem(
    cluster: str, problem: str, read: Callable[[str], Sequence[Any]]
) -> list[dict[str, Any]]:
    """Return a cluster's rows, or one that says why there are none."""
    if not problem:
        try:
            return _rows(cluster, read)
        except KledError as error:
            problem = error.message
    return [{"cluster": cluster, "name": UNREADABLE, "problem": problem}]
