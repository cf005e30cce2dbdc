"""`kled kops toolbox-dump`."""

from typing import Any

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal.output import Column, show, show_value


@leaf(
    "toolbox-dump",
    examples=("kled kops toolbox-dump --name=mycluster.example.com -o json > dump.json",),
)
@cluster_name.name(cluster_name.ONLY_ONE)
def toolbox_dump(call: Call, name: str | None) -> None:
    """Dump a cluster's cloud resources: the table counts them, JSON and YAML hold them whole."""
    from kled.operations.names import only_cluster  # noqa: PLC0415 - not for --help

    with call.session() as session:
        dump = session.kops.cluster.dump(only_cluster(session, name))
    if call.settings.output == "table":
        show(_counts(dump), (Column("RESOURCE", "type"), Column("COUNT", "count")), "table")
    else:
        show_value(dump, call.settings.output)


def _counts(dump: dict[str, Any]) -> list[dict[str, object]]:
    kinds = sorted(str(resource.get("type")) for resource in dump.get("resources") or [])
    return [{"type": kind, "count": kinds.count(kind)} for kind in dict.fromkeys(kinds)]
