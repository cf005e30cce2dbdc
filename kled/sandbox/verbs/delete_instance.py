"""`kops delete instance`: replace one machine (captures 40*)."""

from kled.sandbox.cloud import health
from kled.sandbox.cloud.account import connect
from kled.sandbox.cloud.instances import machines
from kled.sandbox.cloud.rolling import Roller
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import load_cluster
from kled.sandbox.verbs.flags import Flags, UsageFailure


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Show the machine that would be deleted, or with --yes delete it."""
    if not args:
        raise UsageFailure("must specify ID of instance or name of node to delete")
    name, wanted = flags["name"], args[0]
    cloud = connect(ctx, load_cluster(ctx, name))
    api = not flags["cloudonly"]
    if api:
        health.require_authority(ctx, name)
        health.require_api(ctx, cloud, name)
    matching = [machine for machine in machines(ctx, cloud, name) if machine.id == wanted]
    if not matching:
        raise KopsFailure(f"could not find instance {wanted}")
    ctx.out(f"Instance {wanted} found for deletion")
    if not flags["yes"]:
        ctx.out("\nMust specify --yes to delete instance")
        return 0
    roller = Roller(ctx, cloud, name, flags, api=api)
    if flags["surge"] and not matching[0].detached:
        roller.detach(matching[0])
        roller.validate(" after detaching instance", flags["validate-count"])
    roller.remove(matching[0], 0.0)
    return 0
