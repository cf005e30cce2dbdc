"""`kops delete secret` (captures 34h, 34i): at once, and a secret that is not there is no error."""

from kled.sandbox import definitions
from kled.sandbox.context import Context
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Delete the named secrets. Raises KopsFailure for a cluster that does not exist."""
    definitions.load_cluster(ctx, flags["name"])
    for secret in args:
        ctx.store.delete(f"{flags['name']}/secrets/{secret}")
    return 0
