"""kops itself, and whether it fits the clusters of the state store."""

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from kled.errors import (
    DocumentDamaged,
    IdentityAtRisk,
    InvalidInput,
    KledError,
    KopsMissing,
    KopsUnsafe,
    ObjectMissing,
    VersionRefused,
)
from kled.operations.checks.check import Check, bad, not_tried, ok, wrong
from kled.operations.instance_group import lost_groups
from kled.operations.instance_group.lost_groups import LOST
from kled.sentences import enumerated, number, options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kled.config import Settings
    from kled.models.cluster import Cluster
    from kled.models.version import KopsVersion
    from kled.operations.session import Session

KOPS: Final = "kops"
CLUSTERS: Final = "clusters"
FIT: Final = "kops for the clusters"
_NAMED: Final = 5
_LARGEST: Final = 256
"""Bytes of the file with the kops version in a cluster's directory."""


def kops_check(settings: "Settings") -> Check:
    """Say which kops would be used, without running it."""
    from kled.install.locate import locate  # noqa: PLC0415 - not for --help

    path = settings.environment.get("PATH", os.defpath)
    try:
        program = locate(explicit=settings.kops, home=settings.home, search_path=path)
    except KopsUnsafe as error:
        return wrong(KOPS, error)
    except KopsMissing as error:
        return Check(KOPS, "missing", error.message, error.hint or "", needed=True)
    return ok(KOPS, f"{program.path} ({program.source})")


def driven_checks(session: "Session", located: Check) -> tuple[list[Check], "Sequence[Cluster]"]:
    """Ask kops for its version and its clusters; return the checks, and the clusters that it lists.

    Raises nothing.
    """
    from kled.kops.facts.versions import check  # noqa: PLC0415 - not for --help
    from kled.operations.fleet.listed_clusters import listed_clusters  # noqa: PLC0415

    try:
        version = session.kops.version()
        advice = check(version)
    except KledError as error:
        told = bad(KOPS, f"{located.detail}: {error.message}", error.hint or "")
        return [told, *untried("kops does not work")], ()
    told = ok(KOPS, f"{version} {located.detail}", advice or "")
    try:
        listed = listed_clusters(session)
    except KledError as error:
        return [told, wrong(CLUSTERS, error), not_tried(FIT, "its clusters are not known")], ()
    return [told, _clusters(session, listed), _fit(session, version, listed)], listed


def untried(why: str) -> list[Check]:
    """Return the checks that cannot be made without a kops and a state store."""
    return [not_tried(CLUSTERS, why), not_tried(FIT, why)]


def _clusters(session: "Session", listed: "Sequence[Cluster]") -> Check:
    unloadable = [f"{cluster.name} ({cluster.problem})" for cluster in listed if cluster.problem]
    told = f"{session.settings.state_store}: {number(len(listed), 'cluster')}"
    if unloadable:
        mend = "kled kops get-clusters tells what mends them"
        return bad(CLUSTERS, f"{told}; kops cannot load {', '.join(unloadable)}", mend)
    gone = None if listed else _gone(session)
    if gone:
        return bad(CLUSTERS, f"{told}; {gone}")
    bare = _gone_keys(session, listed)
    if bare:
        messages = enumerated([error.message for error in bare], _NAMED)
        mend = "; ".join(dict.fromkeys(error.hint or "" for error in bare[:_NAMED]))
        return bad(CLUSTERS, f"{told}; {messages}", mend)
    lost = _lost_groups(session, listed)
    if any(remark.startswith(LOST) for remark in lost):
        return bad(CLUSTERS, f"{told}; {enumerated(lost, _NAMED)}")
    return ok(CLUSTERS, "; ".join((told, *lost)))


def _lost_groups(session: "Session", listed: "Sequence[Cluster]") -> list[str]:
    """Return the remarks on lost instance groups, those that are certain first."""
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    tasks = ((0, partial(lost_groups.remark, session, cluster.name)) for cluster in listed)
    remarks = filter(None, in_parallel(tasks, threads=16))
    return sorted(remarks, key=lambda remark: (not remark.startswith(LOST), remark))


def _gone_keys(session: "Session", listed: "Sequence[Cluster]") -> "list[IdentityAtRisk]":
    """Return the refusals that clusters with missing keys or secrets would meet."""
    from kled.operations.identity import gone_keys  # noqa: PLC0415 - not for --help
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415

    tasks = ((0, partial(gone_keys.refusal, session, cluster.name)) for cluster in listed)
    refusals = filter(None, in_parallel(tasks, threads=16))
    return sorted(refusals, key=lambda error: error.message)


def _gone(session: "Session") -> str | None:
    """Say which clusters an empty state store held, as its snapshots know; None: none known."""
    from kled.operations.snapshots.remembered_stores import say_all_gone  # noqa: PLC0415 - not for --help

    try:
        return say_all_gone(session.stores) if session.settings.snapshot_store else None
    except KledError:  # said of the snapshot store
        return None


def _fit(session: "Session", version: "KopsVersion", listed: "Sequence[Cluster]") -> Check:
    """Compare this kops with the one of each cluster's last update, and with its Kubernetes."""
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    asked = [cluster for cluster in listed if not cluster.problem]
    if not asked:
        return not_tried(FIT, "there is no cluster that kops can load")
    tasks = ((0, partial(_unfit, session, version, cluster)) for cluster in asked)
    try:
        unfit = sorted(filter(None, in_parallel(tasks, threads=16)))
    except KledError as error:
        return wrong(FIT, error)
    if unfit:
        reasons = enumerated([why for why, _ in unfit], _NAMED)
        return bad(FIT, reasons, "; ".join(dict.fromkeys(mend for _, mend in unfit)))
    return ok(FIT, f"kops {version.number} serves {number(len(asked), 'cluster')}")


def _unfit(
    session: "Session", version: "KopsVersion", cluster: "Cluster"
) -> tuple[str, str] | None:
    """Return why this kops does not fit a cluster, and what to do; None where it fits."""
    from kled.kops.facts.kubernetes_versions import require_served  # noqa: PLC0415 - not for --help
    from kled.models.version import kubernetes_version, stored_version  # noqa: PLC0415

    last = _last_kops(session, cluster.name)
    ours, theirs = kubernetes_version(version.number), kubernetes_version(last or "")
    if ours and theirs and theirs > ours:
        return (
            f"{cluster.name} was last updated by kops {theirs}, which is newer",
            f"kled kops install {options(version=theirs)}",
        )
    wanted = stored_version(cluster.kubernetes_version)
    try:
        if wanted is not None:
            require_served(wanted, version, session.settings.environment)
    except VersionRefused as error:
        return f"{cluster.name}: {error.message.partition(';')[0]}", error.hint or ""
    return None


def _last_kops(session: "Session", cluster: str) -> str | None:
    """Return the kops of a cluster's last update; None where that is not stored here."""
    from kled.kops.state_store import layout  # noqa: PLC0415 - not for --help
    from kled.storage.bounded import get_bounded  # noqa: PLC0415

    key = f"{cluster}/{layout.KOPS_VERSION}"
    try:
        body = get_bounded(session.state_store, key, limit=_LARGEST).body
    except (ObjectMissing, DocumentDamaged, InvalidInput):  # the last: kled has no client for it
        return None
    return body.decode(errors="replace").strip()


def clouds_of(listed: "Sequence[Cluster]") -> "Iterator[str]":
    """Yield the clouds that clusters are in."""
    yield from sorted(
        {cluster.cloud for cluster in listed if cluster.cloud and not cluster.problem}
    )
