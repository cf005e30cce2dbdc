"""Whether two state stores have the same keysets and secrets of a cluster, byte by byte."""

from typing import TYPE_CHECKING

from kled.kops.state_store import layout
from kled.storage.bounded import get_if_readable

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore


def other_keys(theirs: "ObjectStore", mine: "ObjectStore", cluster: str) -> list[str]:
    """Name the keysets and secrets of `theirs` that `mine` lacks or has otherwise. Only reads."""
    prefixes = [f"{cluster}/{kind}" for kind in (layout.KEYSETS, layout.SECRETS)]
    return sorted(
        {
            entry.key.removeprefix(prefix).partition("/")[0]
            for prefix in prefixes
            for entry in theirs.entries(prefix)
            if get_if_readable(theirs, entry.key) != get_if_readable(mine, entry.key)
        }
    )
