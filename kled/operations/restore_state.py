"""Restore a cluster's state from a snapshot, under the lease of the store that it goes into."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kled.config import Settings
from kled.kops.layout import CONFIG
from kled.operations import stores
from kled.operations.protection import protection
from kled.operations.session import Who, lease_in
from kled.retry import Clock

if TYPE_CHECKING:
    from kled.lease import Held
    from kled.snapshot.progress import Progress
    from kled.snapshot.repository import SnapshotStore
    from kled.snapshot.restore import RestoreReport
    from kled.snapshot.restore_plan import RestorePlan
    from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be restored, and where to."""

    cluster: str
    snapshot: str
    """An id, or `latest`."""
    to: str | None = None
    """URL of another state store; None: the configured one."""
    prefix: str | None = None
    """The place in that store; None: the cluster's name."""
    classes: tuple[str, ...] = ("identity", "intent", "derived", "etcd-backup")
    with_control: bool = False
    delete_extra: bool = False


def lease(
    settings: Settings, wish: Wish, who: Who, clock: Clock
) -> "AbstractContextManager[Held | None]":
    """Return the lease of the cluster in the store that is restored into."""
    if not who.leased:
        return nullcontext()
    place = wish.prefix or wish.cluster
    return lease_in(settings, target(settings, wish, clock), place.rstrip("/"), who, clock)


def target(settings: Settings, wish: Wish, clock: Clock) -> "ObjectStore":
    """Return the store that is restored into."""
    if wish.to is None:
        return stores.state_store(settings, clock)
    return stores.other_store(settings, wish.to, clock)


def settled(snapshots: "SnapshotStore", wish: Wish) -> Wish:
    """Return the wish with the id that `latest` stands for now.

    To be done before a snapshot of what is there is taken: that one is the latest then.
    """
    from kled.snapshot.choosing import choose  # noqa: PLC0415 - not for --help

    snapshots.require()
    return replace(wish, snapshot=choose(snapshots, wish.cluster, wish.snapshot).id)


def plan(settings: Settings, snapshots: "SnapshotStore", wish: Wish, clock: Clock) -> "RestorePlan":
    """Return what a restore would write, every byte of the archive proved; changes nothing."""
    from kled.snapshot.choosing import choose  # noqa: PLC0415 - not for --help
    from kled.snapshot.restore_plan import plan_restore  # noqa: PLC0415

    snapshots.require()
    manifest = snapshots.manifest(choose(snapshots, wish.cluster, wish.snapshot))
    return plan_restore(
        snapshots,
        manifest,
        target(settings, wish, clock),
        cluster_prefix=wish.prefix,
        classes=wish.classes,  # type: ignore[arg-type]  # checked where they were typed
        with_control=wish.with_control,
        delete_extra=wish.delete_extra,
    )


def protection_of(settings: Settings, planned: "RestorePlan") -> str | None:
    """Say why the cluster in the snapshot is protected; None where it is not."""
    from kled.kops.parse import definition  # noqa: PLC0415
    from kled.snapshot.contents import archived_objects  # noqa: PLC0415

    objects = archived_objects(planned.manifest, planned.packed)
    config = next((body for one, body in objects if one.key == CONFIG), b"")
    return protection(definition(config.decode(errors="replace")), settings.protected)


def apply(
    settings: Settings,
    snapshots: "SnapshotStore",
    wish: Wish,
    planned: "RestorePlan",
    clock: Clock,
    progress: "Progress",
) -> "RestoreReport":
    """Do what was planned. Safe to repeat and to kill: the next plan holds what is left."""
    from kled.snapshot.restore import apply_restore  # noqa: PLC0415

    return apply_restore(planned, snapshots, target(settings, wish, clock), progress=progress)
