"""Walking a directory in the order of the keys of its files; no link is followed."""

import os
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from kled.errors import StoreUnavailable
from kled.files import beneath
from kled.storage.local.errors import translated
from kled.visible import visible

_DEEPEST: Final = 64
"""Directories below each other; kops makes six. Each costs an open file while it is walked."""


class ListedName(NamedTuple):
    """One name of a listing."""

    key: str
    state: os.stat_result
    unfit: str | None
    """What it is in place of a file; None for a file."""


def files(root: int, url: str, prefix: str, start_after: str) -> Iterator[ListedName]:
    """Yield each file below `root` that a listing wants, in byte order of the keys.

    What is neither a file nor a directory (a link, wherever it points, a FIFO, a socket, a device)
    is yielded as such, and neither followed nor opened; so is a directory that lies too deep. One
    directory is in memory at a time for each level. What vanishes meanwhile is left out. Raises
    `StoreError` naming the directory by `url`, `DocumentDamaged` where the prefix leads through a
    link, and `StoreUnavailable` where a directory became something else while it was listed.
    """
    yield from _Walk(url, prefix, start_after).below(root, "", 0)


class _Walk(NamedTuple):
    url: str
    prefix: str
    start_after: str

    def below(self, folder: int, above: str, depth: int) -> Iterator[ListedName]:
        with translated(self._where(above)):
            names = _sorted_names(folder)
        for name in names:
            key = above + name
            if not name.endswith("/"):
                yield from self._one(folder, name, key)
            elif not self._may_hold(key):
                continue
            elif depth == _DEEPEST:
                yield from self._too_deep(folder, key)
            else:
                yield from self._folder(folder, name.removesuffix("/"), key, depth)

    def _one(self, folder: int, name: str, key: str) -> Iterator[ListedName]:
        leads = self.prefix.startswith(f"{key}/")
        if not leads and not (key.startswith(self.prefix) and key > self.start_after):
            return
        with translated(self._where(key)):
            state = beneath.seen(folder, name)
        if state is None or stat.S_ISDIR(state.st_mode):
            return
        kind = beneath.kind_of(state)
        if not leads:
            yield ListedName(key, state, kind)
        elif kind is not None:
            with translated(self._where(key)):
                raise beneath.NotRegular(key, kind)

    def _folder(self, above: int, name: str, key: str, depth: int) -> Iterator[ListedName]:
        with translated(self._where(key)):
            try:
                below = beneath.step(above, name, key)
            except FileNotFoundError:
                return
            except (NotADirectoryError, beneath.NotRegular):
                raise StoreUnavailable(
                    f"{self._where(key)} became something else while it was listed"
                ) from None
        try:
            yield from self.below(below, key, depth + 1)
        finally:
            os.close(below)

    def _too_deep(self, folder: int, key: str) -> Iterator[ListedName]:
        state = beneath.seen(folder, key.rstrip("/").rpartition("/")[2])
        if state is not None:
            yield ListedName(
                key.rstrip("/"), state, f"a directory more than {_DEEPEST} levels deep"
            )

    def _may_hold(self, folder: str) -> bool:
        """Say whether some key below `folder` has the prefix and sorts after the start."""
        wanted = folder.startswith(self.prefix) or self.prefix.startswith(folder)
        return wanted and (folder > self.start_after or self.start_after.startswith(folder))

    def _where(self, key: str) -> str:
        return f"{self.url}/{visible(key)}"


def _sorted_names(folder: int) -> list[str]:
    """Return the names, those of directories with a slash, which sorts as it does in keys."""
    with os.scandir(folder) as entries:
        names = [
            f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
            for entry in entries
        ]
    return sorted(names, key=os.fsencode)
