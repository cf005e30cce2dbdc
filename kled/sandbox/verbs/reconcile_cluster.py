"""`kops reconcile cluster` (captures 37, 37b): update and roll the control plane, then the nodes.

It is made of the other verbs, each with its own flags; the order is that of kops 1.36.2
(reconcile_cluster.go). Killed anywhere, the next call goes on with what is left.
"""

from kled.sandbox.cloud import health
from kled.sandbox.cloud.account import connect
from kled.sandbox.cloud.group_tasks import is_control_plane
from kled.sandbox.cloud.instances import api_answers
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.verbs import rolling_update, update_cluster
from kled.sandbox.verbs.flags import Flags, grammar, parse

_PATIENCE, _PAUSE = 600.0, 10.0


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Preview as `update cluster` does; with --yes update and roll.

    Raises `KopsFailure`: what the other verbs raise.
    """
    name = flags["name"]
    groups = definitions.load_groups(ctx, name) if definitions.load_cluster(ctx, name) else []
    if not flags["yes"]:
        update_cluster.preview(ctx, name, flags)
        return 0
    planes = [group["metadata"]["name"] for group in groups if is_control_plane(group)]
    ctx.out("Updating control plane configuration")
    _update(ctx, flags, planes)
    ctx.out("Waiting for the kubernetes API to be served")
    _await_api(ctx, name)
    ctx.out("Doing rolling-update for control plane")
    _roll(ctx, name, "control-plane")
    ctx.out("Updating node configuration")
    _update(ctx, flags, [])
    ctx.out("Doing rolling-update for nodes")
    _roll(ctx, name, "node")
    return 0


def _update(ctx: Context, flags: Flags, groups: list[str]) -> None:
    name = flags["name"]
    arguments = ["--yes", *(f"--instance-group={group}" for group in groups)]
    if flags.get("allow-kops-downgrade"):
        arguments.append("--allow-kops-downgrade")
    update_cluster.apply(ctx, name, _flags(("update", "cluster"), name, *arguments))


def _await_api(ctx: Context, name: str) -> None:
    """Wait until the API answers, as capture 37b does; machines are looked at by the roll."""
    ctx.out(f"Validating cluster {name}\n")
    cloud = connect(ctx, definitions.load_cluster(ctx, name))
    waited = 0.0
    while not api_answers(ctx, cloud, name):
        if waited >= _PATIENCE:
            raise KopsFailure("validation failed: wait time exceeded during validation")
        text = f"error listing nodes: {health.unreachable(cloud.region, name)}"
        retry = f"(will retry): unexpected error during validation: {text}"
        ctx.log("W", "validate_cluster.go:193", retry)
        ctx.sleep(_PAUSE)
        waited += _PAUSE


def _roll(ctx: Context, name: str, role: str) -> None:
    arguments = ("--yes", f"--instance-group-roles={role}")
    rolling_update.run(ctx, _flags(("rolling-update", "cluster"), name, *arguments), [])


def _flags(command: tuple[str, ...], name: str, *argv: str) -> Flags:
    flags, _ = parse([f"--name={name}", *argv], grammar(command))
    return flags
