"""What `update cluster` refuses before it looks at anything: versions that kops does not serve.

Captures E09i, E09j and T-up-39-updk; kops 1.36.2 (apply_cluster.go): Kubernetes too new or too old,
and a cluster that a newer kops has updated, which `kops-version.txt` in its base tells.
"""

import re
from typing import Final

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import Document
from kled.sandbox.store import places
from kled.sandbox.verbs.version import KOPS_VERSION

_STARS = "*" * 81
_KUBERNETES = re.compile(r"v?(\d+)\.(\d+)")
_SUPPORTED, _RECOMMENDED, _TOO_NEW = (1, 31), (1, 33), (1, 37)
_MORE = (
    "More information: https://github.com/kubernetes/kops/blob/master/permalinks/"
    "upgrade_k8s.md#1.33.0"
)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def check(ctx: Context, cluster: Document, *, allow_downgrade: bool) -> None:
    """Refuse what this kops may not update. Raises KopsFailure with kops' words."""
    _check_kubernetes(ctx, str(cluster["spec"].get("kubernetesVersion", "")))
    if not allow_downgrade:
        _check_last_kops(ctx, cluster)


def _check_kubernetes(ctx: Context, version: str) -> None:
    match = _KUBERNETES.match(version)
    if match is None:
        return
    numbers = (int(match[1]), int(match[2]))
    if numbers >= _TOO_NEW:
        _refuse_new(ctx)
    if numbers < _SUPPORTED:
        ctx.out(
            "This version of Kubernetes is no longer supported; upgrading Kubernetes is required\n"
            f"\n{_MORE}\n\n{_STARS}\n"
        )
        raise KopsFailure("kubernetes upgrade is required")
    if numbers < _RECOMMENDED:
        _banner(
            ctx,
            "Kops support for this Kubernetes version is deprecated and will be removed in a "
            "future release.",
            "",
            "Upgrading Kubernetes is recommended",
            _MORE,
        )


def _refuse_new(ctx: Context) -> None:
    bypassed = bool(ctx.env.get("KOPS_RUN_TOO_NEW_VERSION"))
    way = "this check has been bypassed" if bypassed else "you can bypass this check"
    _banner(
        ctx,
        "This version of kubernetes is not yet supported; upgrading kops is required",
        f"({way} by exporting KOPS_RUN_TOO_NEW_VERSION)",
    )
    if not bypassed:
        raise KopsFailure("kops upgrade is required")


def _check_last_kops(ctx: Context, cluster: Document) -> None:
    base = places.of(ctx, cluster).base
    try:
        body = base.read("kops-version.txt")
    except KopsFailure as failure:
        told = str(failure).rpartition(f"error reading {base.url}/kops-version.txt: ")[2]
        raise KopsFailure(f"error reading last kops version used to update: {told}") from failure
    if body is None:
        return
    last = body.decode().strip()
    if _order(last) > _order(KOPS_VERSION):
        _banner(
            ctx,
            f"The cluster was last updated by kops version {last}",
            f"To permit updating by the older version {KOPS_VERSION}, run with the "
            "--allow-kops-downgrade flag",
        )
        raise KopsFailure("kops version older than last used to update the cluster")


def _order(version: str) -> tuple[int, int, int, bool, list[tuple[bool, int, str]]]:
    """Return what versions are compared by; a pre-release comes before its release.

    Raises KopsFailure where it is none, as kops' reader words it.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        why = "No Major.Minor.Patch elements found" if version else "Version string empty"
        raise KopsFailure(f"error parsing last kops version updated: {why}")
    parts = [
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in (match[4] or "").split(".")
    ]
    return int(match[1]), int(match[2]), int(match[3]), match[4] is None, parts


def _banner(ctx: Context, *lines: str) -> None:
    ctx.out("\n".join(("", _STARS, "", *lines, "", _STARS, "")))
