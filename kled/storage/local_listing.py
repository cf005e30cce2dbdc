"""Walking a directory in the order of the keys of its files."""

import os
from collections.abc import Iterator
from pathlib import Path


def files(root: Path, prefix: str, start_after: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield key and state of each file below `root` that a listing wants, in byte order.

    One directory is in memory at a time for each level. Links to files count as files; links to
    directories are not followed. What vanishes meanwhile is left out. Raises `OSError`.
    """
    yield from _below(root, "", prefix, start_after)


def _below(
    root: Path, above: str, prefix: str, start_after: str
) -> Iterator[tuple[str, os.stat_result]]:
    for name in _sorted_names(root / above):
        key = above + name
        if name.endswith("/"):
            if _may_hold(key, prefix, start_after):
                yield from _below(root, key, prefix, start_after)
        elif key.startswith(prefix) and key > start_after:
            try:
                yield key, (root / key).stat()
            except FileNotFoundError:
                continue


def _sorted_names(folder: Path) -> list[str]:
    """Return files, and directories with a slash, which sorts as it does in keys."""
    try:
        with os.scandir(folder) as found:
            names = [
                f"{one.name}/" if one.is_dir(follow_symlinks=False) else one.name
                for one in found
                if one.is_dir(follow_symlinks=False) or one.is_file()
            ]
    except FileNotFoundError:
        return []
    return sorted(names, key=os.fsencode)


def _may_hold(folder: str, prefix: str, start_after: str) -> bool:
    """Say whether some key below `folder` has the prefix and sorts after the start."""
    wanted = folder.startswith(prefix) or prefix.startswith(folder)
    return wanted and (folder > start_after or start_after.startswith(folder))
