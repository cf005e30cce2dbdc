"""`kops delete instancegroup` (captures 33d to 33g): the definition and the group's machines."""

from kled.sandbox.cloud import removal
from kled.sandbox.cloud.account import connect
from kled.sandbox.cloud.group_tasks import full_name
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.definition.new_cluster import cloud_of
from kled.sandbox.verbs.flags import Flags, UsageFailure


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Delete a group after asking, or at once with --yes.

    Raises `KopsFailure`: no such group, the last control plane, or no answer; silent where it was
    no.
    """
    if len(args) != 1:
        told = "can only delete one instance group at a time"
        raise UsageFailure(
            told if args else "must specify the name of the instance group to delete"
        )
    name, group = flags["name"], args[0]
    if not flags["yes"]:
        _ask(ctx, group)
    cluster = definitions.load_cluster(ctx, name)
    document = definitions.load_group(ctx, name, group)
    ctx.out(f'InstanceGroup "{group}" found for deletion')
    masters = [g for g in definitions.load_groups(ctx, name) if g["spec"].get("role") == "Master"]
    if document["spec"].get("role") == "Master" and len(masters) == 1:
        raise KopsFailure("cannot delete the only control plane instance group")
    if cloud_of(cluster) == "aws":
        removal.delete_group(connect(ctx, cluster), name, full_name(name, document))
    definitions.delete_group(ctx, name, group)
    ctx.out(f'\nDeleted InstanceGroup: "{group}"')
    return 0


def _ask(ctx: Context, group: str) -> None:
    question = f'Do you really want to delete instance group "{group}"?'
    ctx.out(f"{question} This action cannot be undone. (y/N)")
    ctx.stdout.flush()
    answer = ctx.stdin.readline()
    if not answer.endswith("\n"):
        raise KopsFailure("error reading from input: EOF")
    if answer.strip().lower() not in {"y", "yes"}:
        raise KopsFailure("declined", silent=True)
