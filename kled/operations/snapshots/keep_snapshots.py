"""Keep snapshots: retention, and a second site."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from kled.config import Settings

if TYPE_CHECKING:
    from kled.snapshot.progress import Progress
    from kled.snapshot.repository import SnapshotStore
    from kled.snapshot.retention.mirror import MirrorReport
    from kled.snapshot.retention.prune import PrunePlan, PruneReport
    from kled.snapshot.retention.retention import Policy
    from kled.storage.base import ObjectStore


def policy(settings: Settings, numbers: Mapping[str, int]) -> "Policy":
    """Return the retention policy: what was given, then the settings file, then defaults."""
    from kled.snapshot.retention.retention import Policy  # noqa: PLC0415 - not for --help

    return Policy(**{**settings.snapshot_profile.keep, **numbers})


def plan(
    snapshots: "SnapshotStore",
    chosen: "Policy",
    cluster: str | None,
    state: "ObjectStore | None" = None,
) -> "PrunePlan":
    """Return what retention would remove; changes nothing. `state` is asked what it remembers."""
    from kled.snapshot.retention.prune import plan_prune  # noqa: PLC0415

    snapshots.require()
    return plan_prune(snapshots, chosen, cluster=cluster, state=state)


def require_writable(snapshots: "SnapshotStore") -> None:
    """Raise what keeps this machine from deleting in the store, before it writes. Only reads."""
    from kled.snapshot.documents import root  # noqa: PLC0415

    state = root.look(snapshots)
    root.require_known(state)
    root.require_signing_key(snapshots, state.root)


def prune(snapshots: "SnapshotStore", planned: "PrunePlan", progress: "Progress") -> "PruneReport":
    """Do what was planned. Safe to repeat, to kill, and from two machines at once."""
    from kled.snapshot.retention.prune import apply_prune  # noqa: PLC0415

    return apply_prune(snapshots, planned, progress)


def mirrored(
    snapshots: "SnapshotStore",
    target: "ObjectStore",
    progress: "Progress",
    cluster: str | None,
    retain_until: datetime | None = None,
) -> "MirrorReport":
    """Copy what the second store lacks. Safe to repeat and to kill."""
    from kled.snapshot.retention.mirror import mirror  # noqa: PLC0415

    return mirror(snapshots, target, progress, cluster=cluster, retain_until=retain_until)
