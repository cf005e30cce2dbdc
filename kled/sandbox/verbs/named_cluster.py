"""Which cluster a command means: --name, KOPS_CLUSTER_NAME, argument or kubectl context."""

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from kled.sandbox.context import Context
from kled.sandbox.verbs.flags import Flags, UsageFailure, help_text

_TAKES_CLUSTER = re.compile(r"^  kops [a-z -]+ \[CLUSTER( \| --all)?\](?!\.)", re.MULTILINE)
_NO_CONTEXT = frozenset({"create cluster", "delete cluster"})
"""The two that never fall back to the kubectl context (captures E08c, 42e)."""
_NAMELESS = frozenset({"create", "delete", "replace", "version", "get clusters"})
_TRAP = """
This often happens if you specify an argument to a boolean flag without using =
For example: use `--bastion=true` or `--bastion`, not `--bastion true`
"""


def resolve(ctx: Context, command: Sequence[str], flags: Flags, args: list[str]) -> list[str]:
    """Put the cluster's name into `flags["name"]` and return the arguments that are left.

    Raises `UsageFailure`: no name (capture E11h-no-cluster-name), or more than one (E11f-bool-arg).
    """
    verb = " ".join(command)
    flags.entries["name"] = flags["name"] or ctx.env.get("KOPS_CLUSTER_NAME", "")
    if verb == "get" or _TAKES_CLUSTER.search(help_text(command)):
        if verb == "export kubeconfig" and flags["all"]:
            return args
        args = _from_argument(ctx, flags, args)
    if flags["name"] or verb in _NAMELESS:
        return args
    if verb not in _NO_CONTEXT:
        flags.entries["name"] = _from_kubectl(ctx)
    if not flags["name"]:
        raise UsageFailure("--name is required")
    return args


def kubeconfig_path(ctx: Context) -> Path:
    """Return the kubeconfig that kubectl would use: $KUBECONFIG, else ~/.kube/config."""
    first = ctx.env.get("KUBECONFIG", "").split(":")[0]
    return Path(first) if first else Path(ctx.env.get("HOME", "/")) / ".kube" / "config"


def _from_argument(ctx: Context, flags: Flags, args: list[str]) -> list[str]:
    if not args:
        return args
    if len(args) == 1 and not flags["name"]:
        flags.entries["name"] = args[0]
        return []
    ctx.out("\nFound multiple arguments which look like a cluster name")
    if flags["name"]:
        ctx.out(f'\t"{flags["name"]}" (via flag)')
    for arg in args:
        ctx.out(f'\t"{arg}" (as argument)')
    ctx.out(_TRAP)
    if len(args) == 1:
        raise UsageFailure("cannot specify cluster via --name and positional argument")
    raise UsageFailure("expected a single <clustername> to be passed as an argument")


def _from_kubectl(ctx: Context) -> str:
    path = kubeconfig_path(ctx)
    config = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}
    current = config.get("current-context")
    if not current:
        ctx.log("W", "root.go:320", "no context set in kubecfg")
        return ""
    for context in config["contexts"]:
        if context["name"] == current:
            cluster: str = context["context"]["cluster"]
            ctx.stderr.write(f"Using cluster from kubectl context: {cluster}\n\n")
            return cluster
    ctx.log("W", "root.go:322", f'context "{current}" in kubecfg not found')
    return ""
