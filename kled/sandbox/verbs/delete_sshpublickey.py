"""`kops delete sshpublickey` (capture 36b): at once, all of a cluster's."""

from kled.sandbox.context import Context
from kled.sandbox.definition import definitions
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Delete the cluster's SSH public keys. Raises KopsFailure for a missing cluster."""
    name = flags["name"]
    definitions.delete_ssh_keys(ctx, name)
    return 0
