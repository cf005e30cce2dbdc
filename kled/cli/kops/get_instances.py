"""`kled kops get-instances`."""

from kled.cli.frame.command import Call, leaf
from kled.cli.kops.listing import NAME, show_each
from kled.cli.terminal.output import Column

INSTANCES = (
    Column("ID", "id"),
    Column("NODE", "node"),
    Column("STATUS", "status"),
    Column("ROLES", "roles"),
    Column("INTERNAL IP", "internal_ip"),
    Column("INSTANCE GROUP", "instance_group"),
    Column("MACHINE TYPE", "machine_type"),
)


@leaf("get-instances", examples=("kled kops get-instances --name=mycluster.example.com",))
@NAME
def get_instances(call: Call, name: str | None) -> None:
    """List instances, and whether each runs what the definition says."""
    from kled.operations.fleet.each_cluster import ListedFields  # noqa: PLC0415 - not for --help

    show_each(
        call,
        name,
        INSTANCES,
        ListedFields(lambda session, cluster: session.kops.instances.list(cluster)),
    )
