"""Whether somebody else could put another file in the place of one that is about to be run.

Who may write to a file, or to any directory on the way to it, decides what runs with this user's
cloud credentials. Root may do so anyhow; so may this user.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kled.sentences import word

_OVERFLOW: Final = 65534
"""Who owns what the host's root owns, seen from a container of another user."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """One way to swap the file."""

    place: Path
    reason: str
    """What is wrong with `place`, for people."""
    mend: str
    """The command that mends it."""


def weakness(path: Path, *, home: Path) -> Weakness | None:
    """Return how others could put another file in the place of `path`; None where they cannot.

    `path` is there. Looked at are the file, every directory above it, and every link on the way, as
    it is spelled and as it resolves. Above `home`, which is where kled makes things, a directory of
    root that a container's user sees as nobody's is let pass. A directory that all may write to is
    harmless where it is sticky, as /tmp is.
    """
    own = {os.geteuid(), 0}
    for place in _on_the_way(path):
        state = place.lstat()
        above = place in home.absolute().parents or place in home.resolve().parents
        if state.st_uid not in own and not (above and state.st_uid == _OVERFLOW):
            return Weakness(
                place,
                f"belongs to the user {state.st_uid}",
                f"chown {os.geteuid()} {word(place)}",
            )
        if _loose(state):
            mode = stat.S_IMODE(state.st_mode)
            return Weakness(
                place,
                f"may be written to by {'everybody' if mode & 0o002 else 'its group'}"
                f" (mode {mode:o})",
                f"chmod go-w {word(place)}",
            )
    return None


def _loose(state: os.stat_result) -> bool:
    if stat.S_ISLNK(state.st_mode) or not state.st_mode & 0o022:
        return False
    return not (stat.S_ISDIR(state.st_mode) and state.st_mode & stat.S_ISVTX)


def _on_the_way(path: Path) -> Iterator[Path]:
    """Yield the file and all above it, the outermost first."""
    spelled, real = path.absolute(), path.resolve()
    ways = [*reversed(spelled.parents), spelled, *reversed(real.parents), real]
    yield from dict.fromkeys(ways)
