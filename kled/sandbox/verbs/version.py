"""`kops version` (captures 01-version, 01b-version-short), marked as simulated."""

from kled.sandbox.context import Context
from kled.sandbox.definition import definitions
from kled.sandbox.verbs.flags import Flags

KOPS_VERSION = "1.36.2"


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print the version that is simulated; every form ends with ` (simulated)`."""
    if flags["short"]:
        ctx.out(f"{KOPS_VERSION} (simulated)")
    else:
        ctx.out(f"Client version: {KOPS_VERSION} (git-f336152672) (simulated)")
    if flags.get("server"):
        base = definitions.places_of(ctx, flags["name"] or args[0]).base
        last = base.read("kops-version.txt") or b""
        ctx.out(f"Last applied server version: {last.decode()}")
    return 0
