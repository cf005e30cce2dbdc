"""`kops delete sshpublickey` (capture 36b): at once, all of a cluster's."""

from kled.sandbox import definitions
from kled.sandbox.context import Context
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Delete the cluster's SSH public keys. Raises KopsFailure for a missing cluster."""
    name = flags["name"]
    definitions.load_cluster(ctx, name)
    for digest, _ in definitions.ssh_keys(ctx, name):
        ctx.store.delete(f"{name}/pki/ssh/public/admin/{digest}")
    return 0
