"""`kops delete cluster`: the cloud's resources in rounds, then the state store and the context."""

from kled.sandbox import kubeconfig, removal
from kled.sandbox.cloud import Cloud, connect
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definitions import delete_tree, load_cluster
from kled.sandbox.flags import Flags
from kled.sandbox.kubernetes import process
from kled.sandbox.removal import Tracked
from kled.sandbox.tables import render

_OURS = (
    "addons/",
    "backups/",
    "cluster-completed.spec",
    "clusteraddons/",
    "config",
    "igconfig/",
    "instancegroup/",
    "kops-version.txt",
    "manifests/",
    "pki/",
    "secrets/",
)
"""What kops knows below a cluster's prefix (kops.md §3); anything else stops the deletion."""


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """List what would go, or with --yes delete it. Run again after a kill: it finds the rest."""
    name = flags["name"]
    cluster = load_cluster(ctx, name)
    if not flags["unregister"]:
        ctx.log("I", "delete_cluster.go:143", "Looking for cloud resources to delete")
        if not _cloud_is_empty(ctx, connect(ctx, cluster), flags):
            return 0
    elif not flags["yes"]:
        ctx.out("\nMust specify --yes to unregister the cluster")
        return 0
    _unregister(ctx, name)
    return 0


def _cloud_is_empty(ctx: Context, cloud: Cloud, flags: Flags) -> bool:
    """Delete what there is, if --yes says so; return whether nothing is left."""
    found = removal.tracked(cloud, flags["name"])
    if found:
        rows = [(item.type, item.name, item.id) for item in found]
        ctx.stdout.write(render(("TYPE", "NAME", "ID"), rows) + "\n")
    else:
        ctx.out("No cloud resources to delete")
    if not flags["yes"]:
        what = "delete cluster" if found else "unregister the cluster"
        ctx.out(f"{'' if found else chr(10)}Must specify --yes to {what}")
        return False
    _rounds(ctx, cloud, flags)
    return True


def _rounds(ctx: Context, cloud: Cloud, flags: Flags) -> None:
    """Delete in rounds until nothing is left, as kops does (capture 42).

    Raises KopsFailure where --wait is over (kops: `wait time exceeded during resources deletion`).
    """
    name, waited = flags["name"], 0.0
    while left := _one_round(ctx, cloud, name):
        if waited >= flags["wait"]:
            raise KopsFailure("wait time exceeded during resources deletion")
        ctx.out("Not all resources deleted; waiting before reattempting deletion")
        for item in left:
            ctx.out(f"\t{item.title}")
        ctx.sleep(flags["interval"])
        waited += flags["interval"]


def _one_round(ctx: Context, cloud: Cloud, name: str) -> list[Tracked]:
    before = cloud.read()
    left = []
    for batch in removal.batches(removal.tracked(cloud, name)):
        item = batch[0]
        if removal.blocked(before, name, item):
            ctx.out(f"{item.title}\tstill has dependencies, will retry")
            left.append(item)
            continue
        if item.type == "instance":
            ctx.log("I", "aws.go:341", f"Terminating {len(batch)} EC2 instances")
        for each in batch:
            removal.delete(cloud, name, each)
        ctx.out(f"{item.title}\tok")
        ctx.stdout.flush()
    return left


def _unregister(ctx: Context, name: str) -> None:
    for key in ctx.store.keys(f"{name}/"):
        if not key.removeprefix(f"{name}/").startswith(_OURS):
            raise KopsFailure(f"error removing cluster from state store: {_foreign(ctx, key)}")
    delete_tree(ctx, name)
    kubeconfig.remove(ctx, name)
    process.end(ctx, name)
    ctx.out(f"Deleted kubectl config for {name}")
    ctx.out(f'\nDeleted cluster: "{name}"')


def _foreign(ctx: Context, key: str) -> str:
    return f"refusing to delete: unknown file found: {ctx.store.url}/{key}"
