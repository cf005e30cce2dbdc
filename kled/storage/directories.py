"""The directories directly below the root of a store: a state store has one for each cluster."""

from collections.abc import Iterator
from typing import Final

from kled.storage.base import ObjectStore

_SEEKS_BEHIND: Final = 500
_SEEKS_BEHIND_IN_FILES: Final = 10
"""A directory asks nobody: seeking costs what ten files do, and a cluster has hundreds."""


def directories(store: ObjectStore, beginning: str = "", *, start_after: str = "") -> Iterator[str]:
    """Yield the directories whose names begin so, in their order, of the keys after `start_after`.

    It reads along the pages of one listing, and seeks where a directory fills about one of its own:
    a request for each thousand objects, or one for each directory that is larger. In a directory
    store it seeks behind the first files of each. Raises as `ObjectStore.entries`.
    """
    files = store.location.url.startswith("file:")
    behind = _SEEKS_BEHIND_IN_FILES if files else _SEEKS_BEHIND
    after: str | None = start_after
    while after is not None:
        name, passed, start, after = "", 0, after, None
        for entry in store.entries(beginning, start_after=start):
            directory, slash, _ = entry.key.partition("/")
            if slash and directory == name:
                passed += 1
                if passed > behind:
                    after = f"{name}0"  # `0` comes after `/`
                    break
            elif slash:
                name, passed = directory, 0
                yield name
