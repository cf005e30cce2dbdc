"""`kled kops get-secrets`."""

from kled.cli.frame.command import Call, leaf
from kled.cli.kops.listing import NAME, show_each
from kled.cli.terminal.output import Column

SECRETS = (Column("TYPE", "type"), Column("NAME", "name"))


@leaf("get-secrets", examples=("kled kops get-secrets --name=mycluster.example.com",))
@NAME
def get_secrets(call: Call, name: str | None) -> None:
    """List secrets: names and types, never values.

    Those that the cluster had and the state store lacks are said; the exit status is 1 then.
    """
    from kled.operations.credentials.secrets import listed_secrets  # noqa: PLC0415
    from kled.operations.fleet.each_cluster import ListedFields  # noqa: PLC0415 - not for --help
    from kled.operations.identity import gone_keys  # noqa: PLC0415

    show_each(call, name, SECRETS, ListedFields(listed_secrets, gone=gone_keys.secrets))
