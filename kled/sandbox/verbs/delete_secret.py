"""`kops delete secret` (captures 34h, 34i): at once, and a secret that is not there is no error."""

from kled.sandbox.context import Context
from kled.sandbox.definition import definitions
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Delete the named secrets. Raises KopsFailure for a cluster that does not exist."""
    secrets = definitions.places_of(ctx, flags["name"]).secrets
    for secret in args:
        secrets.delete(secret)
    return 0
