"""The snapshots of a cluster with another definition than the stored one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from kled.kops.state_store import layout
from kled.models.version import stored_version
from kled.operations.records import applied_definition
from kled.operations.session import Session
from kled.operations.snapshots.earlier_definition import Obstacles, obstacles
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest

_LOOKED_AT: Final = 50
"""How many snapshots are searched, newest first."""


@dataclass(frozen=True, slots=True)
class Other:
    """A snapshot with another definition."""

    id: str
    new_groups: tuple[str, ...]
    """Instance groups that it lacks; restoring it leaves them where they are."""
    downgrade: str
    """The two Kubernetes versions where an update after its restore would go back; else empty."""
    is_one_of_several: bool
    """Whether an older snapshot has yet another definition and nothing shows that this one was
    applied."""
    obstacles: Obstacles
    """What keeps it from being applied as it is after its restore."""


def newest_other(session: Session, cluster: str, snapshot: str) -> Other | None:
    """Return the newest trusted snapshot with the definition applied before that of `snapshot`.

    Where that is not on record (`applied_definition`) it is the newest with another definition.
    Snapshots of another state store do not count: their definition names that place. None where
    none of the newest snapshots has one. Only reads; raises what the snapshot store raises.
    """
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415 - not for --help

    manifest = session.snapshot_store.manifest(SnapshotRef(cluster, snapshot))
    now = _definition(manifest)
    earlier = _trusted_of(session, manifest)
    applied = applied_definition.RECORD.read(session, cluster)
    target = None if applied is None else applied.other_than(now)
    if target is not None:
        meant = next((each for each in earlier if _definition(each) == target), None)
        return None if meant is None else _other(session, manifest, meant, several=False)
    other: Manifest | None = None
    for each in earlier:
        if other is None and _definition(each) != now:
            other = each
        elif other is not None and _definition(each) not in (now, _definition(other)):
            several = _applied(each) == _applied(other)
            return _other(session, manifest, other, several=several)
    return _other(session, manifest, other, several=False) if other is not None else None


def _trusted_of(session: Session, now: "Manifest") -> Iterator["Manifest"]:
    """Yield the trusted manifests of the same cluster and state store, newest first."""
    from kled.snapshot.choosing import walk_newest_first  # noqa: PLC0415 - not for --help

    kept, state = session.snapshot_store, session.stores.remembering
    for judged in islice(walk_newest_first(kept, now.cluster, state), _LOOKED_AT):
        if judged.manifest is None or not judged.trust.trusted:
            continue
        if is_same(judged.manifest.state_store, now.state_store):
            yield judged.manifest


def _other(session: Session, now: "Manifest", earlier: "Manifest", *, several: bool) -> Other:
    lacking = sorted(_definition(now).keys() - _definition(earlier).keys())
    groups = tuple(key.removeprefix(layout.GROUPS) for key in lacking if layout.is_group(key))
    version, before = (
        stored_version(manifest.kubernetes_version or "") for manifest in (now, earlier)
    )
    back = version is not None and before is not None and before.minor < version.minor
    downgrade = f"{version} to {before}" if back else ""
    return Other(earlier.id, groups, downgrade, several, _obstacles(session, now, earlier))


def _obstacles(session: Session, now: "Manifest", earlier: "Manifest") -> Obstacles:
    """Return what keeps the earlier definition from being applied as it is."""
    live, before = _definition(now), _definition(earlier)
    same = frozenset(key for key, digest in live.items() if before.get(key) == digest)
    return obstacles(session, now, earlier, same=same)


def _applied(manifest: "Manifest") -> str | None:
    """Return the digest of the definition that kops wrote when it last applied the cluster."""
    return next(
        (record.sha256 for record in manifest.objects if record.key == layout.COMPLETED), None
    )


def _definition(manifest: "Manifest") -> Mapping[str, str]:
    """Return the digest of each object of the cluster's definition, by its key."""
    return {
        record.key: record.sha256
        for record in manifest.objects
        if record.key == layout.CONFIG or layout.is_group(record.key)
    }
