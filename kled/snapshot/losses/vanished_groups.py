"""Instance groups whose definition is gone although an update had applied them.

Taking snapshots asks no cloud, and a group that was deleted on purpose looks the same. So the run
that finds a group gone says so once, and its snapshot can still be trusted.
"""

from collections.abc import Collection
from typing import Final

from kled.kops.state_store import layout
from kled.sentences import enumerated, options
from kled.snapshot.documents.manifest import Manifest

_SHOWN: Final = 3
_APPLIED: Final = "igconfig/"
_PARTS: Final = 4


def describe_vanished_groups(earlier: Manifest | None, present: Collection[str]) -> str:
    """Say which groups of the `earlier` snapshot are gone, by the keys that are there; or nothing.

    Only those for whose machines an update wrote a configuration, which is there still.
    """
    if earlier is None:
        return ""
    had = {record.key for record in earlier.objects if layout.is_group(record.key)}
    applied = {key.split("/")[2] for key in present if _is_of_group(key)}
    gone = sorted(
        name for key in had - set(present) if (name := key.removeprefix(layout.GROUPS)) in applied
    )
    if not gone:
        return ""
    back = options(name=earlier.cluster, snapshot=earlier.id, instance_group=tuple(gone), yes=True)
    return (
        f"the definition of {enumerated(gone, _SHOWN)} is gone since snapshot {earlier.id}, and"
        " what its machines are configured with is not; where nobody deleted it on purpose: kled"
        f" snapshot restore {back}; kled doctor asks the cloud for its machines"
    )


def _is_of_group(key: str) -> bool:
    return key.startswith(_APPLIED) and key.count("/") == _PARTS - 1
