"""`kops delete instancegroup --yes` (captures 33e-33g)."""

from kled.sandbox import definitions
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Delete an instance group's definition; its cloud group goes with the next update.

    Raises:
        KopsFailure: no such cluster or group, the only control plane, or not confirmed.
    """
    if not args:
        raise KopsFailure("must specify the name of instance group to delete")
    name = flags["name"]
    definitions.load_cluster(ctx, name)
    group = definitions.load_group(ctx, name, args[0])
    ctx.out(f'InstanceGroup "{args[0]}" found for deletion')
    if not flags["yes"]:
        raise KopsFailure("error reading from input: EOF")
    masters = [one for one in definitions.load_groups(ctx, name) if _is_master(one)]
    if _is_master(group) and len(masters) == 1:
        raise KopsFailure("cannot delete the only control plane instance group")
    definitions.delete_group(ctx, name, args[0])
    ctx.stdout.write(f'\nDeleted InstanceGroup: "{args[0]}"\n')
    return 0


def _is_master(group: definitions.Document) -> bool:
    return bool(group["spec"]["role"] in {"Master", "ControlPlane"})
