"""What a bucket keeps of a cluster's objects that were deleted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from kled.errors import BucketMissing, CapabilityMissing
from kled.kops.state_store import contents, layout
from kled.recovery.evidence import VersionsLeft
from kled.storage.base import ObjectStore, Version

_SOFT: Final = {
    "gs": "what Google keeps by soft delete alone was not asked: gcloud storage ls --soft-deleted"
    " --recursive {url}/{cluster}",
    "azureblob": "what Azure keeps by soft delete alone was not asked: az storage blob list"
    " --include d --prefix {cluster}/",
}


def look_at_versions(store: ObjectStore, cluster: str) -> VersionsLeft:
    """Return what the store keeps of deleted objects of the cluster. A listing of all versions.

    Raises what the store raises, but for one that keeps no versions, or is not there.
    """
    url = store.location.url
    try:
        histories = list(_histories(store.versions(f"{cluster}/"), cluster))
    except (CapabilityMissing, BucketMissing):
        return VersionsLeft(keeps=False)
    deleted = {key: when for key, is_deleted, when in histories if is_deleted}
    counts = Counter(layout.kind_of(key) for key in deleted)
    soft = _SOFT.get(url.partition("://")[0], "")
    return VersionsLeft(
        keeps=True,
        deleted=dict(sorted(counts.items())),
        whole=_is_whole([key for key, _, _ in histories]),
        last=max(filter(None, deleted.values()), default=None),
        untold=soft.format(url=url, cluster=cluster),
    )


def _histories(
    versions: Iterable[Version], cluster: str
) -> Iterator[tuple[str, bool, datetime | None]]:
    """Yield each key that is there or has an earlier version: whether it is deleted, and when.

    Some stores write a marker for a deletion, others only have no latest version then.
    """
    for key, group in groupby(versions, key=lambda version: version.key):
        history = list(group)
        if all(version.deleted for version in history):
            continue
        live = any(version.latest and not version.deleted for version in history)
        markers = [version.modified for version in history if version.deleted and version.latest]
        yield key.removeprefix(f"{cluster}/"), not live, max(markers, default=None)


def _is_whole(keys: Iterable[str]) -> bool:
    """Say whether the definition, a group and a keyset are among them: what a cluster lives by."""
    present = set(keys)
    return (
        layout.CONFIG in present
        and any(map(layout.is_group, present))
        and any(map(contents.is_keyset, present))
    )
