"""`kled kops get-instance-groups`."""

from kled.cli.frame.command import Call, leaf
from kled.cli.kops.listing import NAME, show_each
from kled.cli.terminal.output import Column

INSTANCE_GROUPS = (
    Column("NAME", "name"),
    Column("ROLE", "role"),
    Column("MACHINE TYPE", "machine_type"),
    Column("MIN", "min", absent="-"),
    Column("MAX", "max", absent="-"),
    Column("ZONES", "zones"),
    Column("SUBNETS", "subnets"),
)


@leaf(
    "get-instance-groups",
    examples=("kled kops get-instance-groups --name=mycluster.example.com",),
)
@NAME
def get_instance_groups(call: Call, name: str | None) -> None:
    """List instance groups.

    One that kops cannot read is listed with the reason, and the exit status is 1.
    """
    from kled.operations.cluster.unreadable import listed_groups  # noqa: PLC0415
    from kled.operations.fleet.each_cluster import ListedFields  # noqa: PLC0415 - not for --help

    listing = ListedFields(
        listed_groups,
        what="instance group",
        none="it has no instance group: kops updates no such cluster",
        partly=True,
    )
    show_each(call, name, INSTANCE_GROUPS, listing)
