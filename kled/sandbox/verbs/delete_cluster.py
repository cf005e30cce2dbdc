"""`kops delete cluster`: the cloud's resources in rounds, then the state store and the context."""

from kled.sandbox.cloud import removal
from kled.sandbox.cloud.account import Cloud, connect
from kled.sandbox.cloud.removal import Tracked
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import Document, load_cluster
from kled.sandbox.kubernetes import process
from kled.sandbox.store import kubeconfig, places
from kled.sandbox.store.places import Place
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.tables import render

_FILES = frozenset({"cluster-completed.spec", "cluster.spec", "config", "kops-version.txt"})
_FOLDERS = (
    "addons/",
    "backups/",
    "clusteraddons/",
    "igconfig/",
    "instancegroup/",
    "manifests/",
    "pki/",
    "secrets/",
)
"""What kops knows below a cluster's base (kops.md §3); anything else stops the deletion."""


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
    _unregister(ctx, cluster)
    return 0


def _cloud_is_empty(ctx: Context, cloud: Cloud, flags: Flags) -> bool:
    """Delete what there is, if --yes says so; return whether nothing is left."""
    if not removal.has_keypairs(flags["name"]):
        text = f'cluster "{flags["name"]}" is legacy (kube-up) cluster; won\'t delete keypairs'
        ctx.log("I", "aws.go:693", text)
    resources = removal.find_tracked(cloud, flags["name"])
    if resources:
        rows = [(item.type, item.name, item.id) for item in resources]
        ctx.stdout.write(render(("TYPE", "NAME", "ID"), rows) + "\n")
    else:
        ctx.out("No cloud resources to delete")
    if not flags["yes"]:
        what = "delete cluster" if resources else "unregister the cluster"
        ctx.out(f"{'' if resources else chr(10)}Must specify --yes to {what}")
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
    for batch in removal.batches(removal.find_tracked(cloud, name)):
        item = batch[0]
        if removal.is_blocked(before, name, item):
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


def _unregister(ctx: Context, cluster: Document) -> None:
    name = cluster["metadata"]["name"]
    _delete_state(ctx, cluster)
    kubeconfig.remove(ctx, name)
    process.end(ctx, name)
    ctx.out(f"Deleted kubectl config for {name}")
    ctx.out(f'\nDeleted cluster: "{name}"')


def _delete_state(ctx: Context, cluster: Document) -> None:
    """Delete what lies where the definition says, whoever's it is (kops: vfsclientset).

    Secrets and keys of their own go first, unseen; what is below `spec.configBase` goes only where
    kops knows every file. The definition is the last: a killed call can be repeated.
    """
    spec, where = cluster["spec"], places.of(ctx, cluster)
    if spec.get("secretStore"):
        _remove_all(where.secrets)
    if spec.get("keyStore") and spec["keyStore"] != spec.get("secretStore"):
        _remove_all(where.pki)
    for key in where.base.listed():
        if key not in _FILES and not key.startswith(_FOLDERS):
            told = f"refusing to delete: unknown file found: {where.base.url}/{key}"
            raise KopsFailure(f"error removing cluster from state store: {told}")
    _remove_all(where.base)


def _remove_all(place: Place) -> None:
    for key in sorted(place.listed(), key=lambda key: key == "config"):
        place.delete(key)
