"""`kled kops get-keypairs`."""

from kled.cli.frame.command import Call, leaf
from kled.cli.kops.listing import NAME, show_each
from kled.cli.terminal.output import Column

KEYPAIRS = (
    Column("NAME", "name"),
    Column("ID", "id"),
    Column("ISSUED", "issued"),
    Column("EXPIRES", "expires"),
    Column("PRIMARY", "primary"),
    Column("DISTRUSTED", "distrusted"),
)


@leaf("get-keypairs", examples=("kled kops get-keypairs --name=mycluster.example.com",))
@NAME
def get_keypairs(call: Call, name: str | None) -> None:
    """List keypairs; the primary one signs, distrusted ones are on their way out.

    A keyset that kops cannot read, and leaves out, is listed with the reason, and so are those that
    the cluster had and the state store lacks; the exit status is 1.
    """
    from kled.operations.fleet.each_cluster import ListedFields  # noqa: PLC0415 - not for --help
    from kled.operations.identity import gone_keys  # noqa: PLC0415

    listing = ListedFields(
        lambda session, cluster: session.kops.credentials.list_keypairs(cluster, distrusted=True),
        what="keyset",
        gone=gone_keys.keysets,
    )
    show_each(call, name, KEYPAIRS, listing)
