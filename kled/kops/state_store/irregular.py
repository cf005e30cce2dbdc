"""What stands in a directory in place of a file that kops would read: it waits there without end.

A FIFO that nobody writes to holds kops until its deadline, a link to a device that never ends fills
the memory; `os.ReadFile` of util/pkg/vfs/fs.go looks at neither. Only directories have such.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kled.errors import DefinitionRejected
from kled.kops.state_store import layout
from kled.store_urls import directory, is_directory
from kled.visible import visible

_KINDS: Final[Mapping[int, str]] = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_SKIPPED: Final = "backups"
"""Of a cluster's directory: kops reads no backup, and there are many."""


_LIST: Final = "get clusters"
_READ: Final[Mapping[str, tuple[str, ...]]] = {
    _LIST: (layout.CONFIG,),
    "get secrets": (layout.CONFIG,),
    "get keypairs": (layout.CONFIG, "pki/"),
    "get instancegroups": (layout.CONFIG, layout.GROUPS),
}
"""What reads of one cluster look at; every other call may read all that kops knows."""


def require_files(state_store: str, cluster: str | None, verb: str) -> None:
    """Raise `DefinitionRejected` for what a call would read that is no file, in milliseconds.

    A call of one cluster reads what its verb (`get clusters`) needs below its directory; the list
    of all of them every `config`. Nothing is looked at of another state store than a directory.
    """
    if not is_directory(state_store) or (cluster is None and verb != _LIST):
        return
    root = directory(state_store)
    base = root if cluster is None else root / cluster
    for path, kind in _irregular(base):
        key = path.relative_to(base).as_posix()
        if _is_read(key, cluster, verb):
            name = cluster or key.removesuffix("/config")
            raise DefinitionRejected(
                f"{visible(str(path))} is {kind}, and kops would wait for it without end: move it"
                " away first",
                hint="then see what the newest trusted snapshot puts back:"
                f" kled snapshot restore --name={visible(name)} --snapshot=latest",
            )


def _is_read(key: str, cluster: str | None, verb: str) -> bool:
    if cluster is None:
        return key.endswith(f"/{layout.CONFIG}")
    return key.startswith(_READ[verb]) if verb in _READ else not layout.is_foreign(key)


def _irregular(base: Path) -> Iterator[tuple[Path, str]]:
    """Yield each name below `base` that is neither a file nor a directory, and what it is.

    A directory behind a link is not entered: kops does not, either.
    """
    for folder, below, names in os.walk(base):
        if Path(folder) == base and _SKIPPED in below:
            below.remove(_SKIPPED)
        for name in names:
            path = Path(folder, name)
            kind = _kind(path)
            if kind is not None:
                yield path, kind


def _kind(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except OSError:  # gone, or a link to nothing: kops says so itself
        return None
    return _KINDS.get(stat.S_IFMT(mode))
