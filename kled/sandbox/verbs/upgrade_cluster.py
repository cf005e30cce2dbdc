"""`kops upgrade cluster` (captures 25, 25c to 25e, 39): raise the stored Kubernetes version."""

import re
from typing import Any

from kled.sandbox.cloud.clouds import DEFAULT_VERSION
from kled.sandbox.context import Context
from kled.sandbox.definition import definitions, validation
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.tables import render

_SOURCE = "upgrade_cluster.go"
_VERSION = re.compile(r"v?\d+\.\d+(\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?)?", re.ASCII)


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Show what the channel or --kubernetes-version changes; with --yes store it in one write.

    Images of groups are custom in the sandbox, so only the version ever changes.

    A version that is none counts as none given (capture T-up-badk), and any higher one is stored.

    Raises `KopsFailure`: no such cluster; nothing is stored then.
    """
    cluster = definitions.load_cluster(ctx, flags["name"])
    old = str(cluster["spec"]["kubernetesVersion"])
    new = _wanted(ctx, flags, old)
    older, same = _numbers(new) < _numbers(old), new == old.removeprefix("v")
    if older:
        text = f'cluster version "{old}" is greater than the desired version "{new}"'
        ctx.log("W", f"{_SOURCE}:207", text)
    _announce_images(ctx, flags["name"])
    if older or same:
        ctx.stderr.write("\nNo upgrade required\n")
        return 0
    rows = [("Cluster", "KubernetesVersion", old, new)]
    ctx.stdout.write(render(("ITEM", "PROPERTY", "OLD", "NEW"), rows) + "\n")
    if not flags["yes"]:
        ctx.out("Must specify --yes to perform upgrade")
        return 0
    _store(ctx, cluster, new)
    ctx.out("Updates applied to configuration.")
    ctx.out(f"You can now apply these changes, using `kops update cluster {flags['name']}`")
    return 0


def _announce_images(ctx: Context, name: str) -> None:
    for group in definitions.load_groups(ctx, name):
        own, image = group["metadata"]["name"], group["spec"]["image"]
        text = f'Custom image ({image}) has been provided for Instance Group "{own}"'
        ctx.log("I", f"{_SOURCE}:260", f"{text}; not updating image")


def _store(ctx: Context, cluster: dict[str, Any], version: str) -> None:
    changed = cluster | {"spec": cluster["spec"] | {"kubernetesVersion": version}}
    validation.check_version(ctx, changed)
    definitions.store_cluster(ctx, definitions.next_generation(cluster, changed))


def _wanted(ctx: Context, flags: Flags, old: str) -> str:
    """Return the version that is asked for, as kops spells it; the channel's where none is."""
    given = flags["kubernetes-version"]
    if not given:
        return DEFAULT_VERSION
    if _VERSION.fullmatch(given) is None:
        ctx.log("E", "versions.go:40", f'unable to parse Kubernetes version "{given}"')
        ctx.log("W", f"{_SOURCE}:160", f'error parsing KubernetesVersion "{old}"')
        return DEFAULT_VERSION
    bare = given.removeprefix("v")
    return f"{bare}.0" if bare.count(".") == 1 else bare


def _numbers(version: str) -> tuple[int, ...]:
    bare = version.removeprefix("v").split("-", maxsplit=1)[0]
    return tuple(int(part) for part in bare.split("."))
