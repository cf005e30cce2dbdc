"""`kops export kubeconfig` (captures 28*, E14-export-before-update, E06g, S11)."""

from kled.sandbox.context import Context
from kled.sandbox.definition import definitions
from kled.sandbox.store import kubeconfig
from kled.sandbox.verbs.flags import Flags, UsageFailure


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Write one cluster, or with --all every one, into the kubeconfig; the last is current.

    Raises `UsageFailure`: --admin with --user, or --all with a name. Raises `KopsFailure`: no such
    cluster, or one without an authority.
    """
    if flags["admin"] and flags["user"]:
        raise UsageFailure("cannot use both --admin and --user")
    if flags["all"] and args:
        raise UsageFailure("cannot use both --all flag and positional arguments")
    for name in definitions.cluster_names(ctx) if flags["all"] else [flags["name"]]:
        definitions.load_cluster(ctx, name)
        kubeconfig.export(ctx, name, flags)
        ctx.out(f"kOps has set your kubectl context to {name}")
    return 0
