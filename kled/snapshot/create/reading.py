"""Reading one cluster so that what was read existed at one moment.

LIST, GET each object on the condition that it is still the listed one, LIST again: where both
listings agree, the objects that were read were all there between the two. An object that is changed
and changed back in between shows by its time or version (docs/snapshot-format.md §8).
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from kled.errors import DocumentDamaged, ObjectMissing, PreconditionFailed
from kled.snapshot.create import selection
from kled.snapshot.create.selection import Orphan, Selection
from kled.snapshot.progress import Progress
from kled.storage.base import Entry, ObjectStore

ATTEMPTS: Final = 4
"""How often a cluster is read until two listings agree; after that the snapshot is fuzzy."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What was read of one cluster."""

    selection: Selection
    bodies: dict[str, bytes]
    """By relative key; all that is taken and `held`."""
    fuzzy: bool


class Reader:
    """Reads one cluster; what was read once and did not change is not read again."""

    def __init__(
        self, state: ObjectStore, chosen: Selection, pool: Executor, progress: Progress
    ) -> None:
        self._state = state
        self._pool = pool
        self._progress = progress
        self._read: dict[str, tuple[str, bytes]] = {}
        self.selection = chosen
        self.complete = False
        self.failed: Exception | None = None
        """What ended a reading that nobody waited for; whoever makes the snapshot raises it."""

    @property
    def size(self) -> int:
        """Bytes of what is read into memory, as it was listed."""
        held = self.selection.held
        return sum(entry.size for entry in self.selection.entries if entry.key in held)

    def read(self) -> None:
        """Read the objects of the selection that were not read yet; changed ones are left out."""
        held = self.selection.held
        small = [entry for entry in self.selection.entries if entry.key in held]
        wanted = [entry for entry in small if self._read.get(entry.key, ("",))[0] != entry.tag]
        bodies = list(self._pool.map(self._get, wanted))
        for entry, body in zip(wanted, bodies, strict=True):
            if body is not None:
                self._read[entry.key] = (entry.tag, body)
        self.complete = None not in bodies

    def try_to_read(self) -> None:
        """Read as `read` does; what ends it is kept in `failed`."""
        try:
            self.read()
        except Exception as error:  # noqa: BLE001 - one cluster never ends the run of a fleet
            self.failed = error

    def agrees_with(self, again: Selection) -> bool:
        """Say whether the second listing shows what was read, and take it for the next reading."""
        same = self.complete and again.definition == self.selection.definition
        gone = {backup.key for backup in self.selection.backups} - {
            backup.key for backup in again.backups
        }
        same = same and not gone
        if not same:
            self.selection = again
        return same

    def picture(self, *, fuzzy: bool) -> Picture:
        """Return what was read; without what could not be read, where that is fuzzy."""
        chosen = self.selection
        bodies = {
            entry.key: self._read[entry.key][1]
            for entry in chosen.entries
            if entry.key in self._read
        }
        if fuzzy:
            chosen = _keep_read(chosen, bodies)
        return Picture(chosen, bodies, fuzzy)

    def _get(self, entry: Entry) -> bytes | None:
        key = f"{self.selection.cluster}/{entry.key}"
        try:
            body = self._state.get(key, tag=entry.tag).body
        except (PreconditionFailed, ObjectMissing, DocumentDamaged):  # the last: a link by now
            return None
        self._progress.done(objects=1, size=len(body))
        return body


def settle(
    reader: Reader, relist: Callable[[], Selection | Orphan], attempts: int = ATTEMPTS
) -> Picture | Orphan:
    """Read and list until both agree, `attempts` times; else return a fuzzy picture.

    `Orphan` where the cluster is deleted meanwhile. The caller has listed, not read.
    """
    for _ in range(attempts):
        reader.read()
        again = relist()
        if isinstance(again, Orphan):
            return again
        if reader.agrees_with(again):
            return reader.picture(fuzzy=False)
    reader.read()
    return reader.picture(fuzzy=True)


def list_cluster(state: ObjectStore, cluster: str, backups: int | None) -> Selection | Orphan:
    """List one cluster and choose from it."""
    return selection.select(cluster, state.entries(f"{cluster}/"), backups)


def _keep_read(chosen: Selection, keys: Iterable[str]) -> Selection:
    """Return the selection without small objects that were not read."""
    read, held = set(keys), chosen.held

    def kept(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        return tuple(entry for entry in entries if entry.key not in held or entry.key in read)

    return replace(chosen, definition=kept(chosen.definition), backups=kept(chosen.backups))
