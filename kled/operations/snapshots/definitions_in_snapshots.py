"""Which of a cluster's snapshots has another definition than the one that is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from kled.kops.state_store import layout
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest

_LOOKED_AT: Final = 50
"""Snapshots that are searched, newest first."""


@dataclass(frozen=True, slots=True)
class Other:
    """A snapshot with another definition."""

    id: str
    new_groups: tuple[str, ...]
    """Instance groups that it lacks: its restore leaves them where they are."""


def newest_other(session: Session, cluster: str, snapshot: str) -> Other | None:
    """Return the newest trusted snapshot whose definition is not that of `snapshot`.

    None where there is none among the newest. Only reads; raises what the snapshot store raises.
    """
    from kled.snapshot.choosing import newest_first  # noqa: PLC0415 - not for --help
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415

    kept, state = session.snapshot_store, session.stores.remembering
    now = _definition(kept.manifest(SnapshotRef(cluster, snapshot)))
    for judged in islice(newest_first(kept, cluster, state), _LOOKED_AT):
        if judged.manifest is None or not judged.trust.trusted:
            continue
        before = _definition(judged.manifest)
        if before != now:
            new = sorted(key for key in now.keys() - before.keys() if layout.is_group(key))
            groups = tuple(key.removeprefix(layout.GROUPS) for key in new)
            return Other(judged.manifest.id, groups)
    return None


def _definition(manifest: "Manifest") -> Mapping[str, str]:
    """Return the digest of each object of the cluster's definition, by its key."""
    return {
        record.key: record.sha256
        for record in manifest.objects
        if record.key == layout.CONFIG or layout.is_group(record.key)
    }
