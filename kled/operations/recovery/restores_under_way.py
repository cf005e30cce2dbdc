"""Restores that are open while snapshots are taken: what they have written is not a cluster yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kled.errors import DocumentDamaged
from kled.operations.records.open_restore import ALL, RECORD, OpenRestore
from kled.sentences import options

if TYPE_CHECKING:
    from kled.snapshot.create.results import ClusterResult, RunResult
    from kled.storage.base import ObjectStore


class RestoresUnderWay:
    """The open restores of one state store, while a run looks at its clusters.

    A LIST when it is made, before the run reads a cluster, and a GET for each cluster that the run
    asks about after reading it (`kled.snapshot.create.halfway.OpenRestores`). Safe for threads.
    """

    def __init__(self, state: "ObjectStore", clusters: Sequence[str] | None) -> None:
        """`clusters` are those of the run; None means all."""
        self._state, self._clusters = state, clusters
        self._before: Mapping[str, str] = {}

    def look(self) -> None:
        """Note what is on record now; a LIST."""
        self._before = _tags(self._state, self._clusters)

    def __call__(self, cluster: str) -> str:
        """Return the finding for a cluster that was read while a restore was open; else None.

        A restore that began and ended during the run may have been read halfway, too.
        """
        from kled.snapshot.create.halfway import HALFWAY  # noqa: PLC0415 - not for --help

        try:
            begun = RECORD.read_in(self._state, cluster)
        except DocumentDamaged as error:
            return f"{HALFWAY}: {error.message}"
        if begun is None or not (begun.is_halfway or self._has_ended_since(begun, cluster)):
            return ""
        return f"{HALFWAY}: that of snapshot {begun.snapshot}, so it may mix two states"

    def cured(self, done: "RunResult") -> "RunResult":
        """Return the run with what to type for each cluster whose restore is open."""
        return replace(done, clusters=tuple(map(self._cured, done.clusters)))

    def _cured(self, result: "ClusterResult") -> "ClusterResult":
        from kled.snapshot.create.halfway import has_open_restore  # noqa: PLC0415 - not for --help

        if not has_open_restore(result.reasons):
            return result
        url = f"{self._state.location.url}/{RECORD.key(result.cluster)}"
        try:
            begun = RECORD.read_in(self._state, result.cluster)
        except DocumentDamaged as error:
            return replace(result, cure=error.hint or "")
        return replace(result, cure=ways_on(result.cluster, begun, url) if begun else "")

    def _has_ended_since(self, begun: OpenRestore, cluster: str) -> bool:
        if begun.state != "ended":
            return False
        key = RECORD.key(cluster)
        return _tags(self._state, [cluster]).get(key) != self._before.get(key)


def ways_on(cluster: str, begun: OpenRestore, url: str) -> str:
    """Return what to type where a restore is open; `url` is the object of its record."""
    on = {"name": begun.of, "snapshot": begun.snapshot}
    where = {} if begun.of == cluster else {"as": cluster}
    kinds = {} if set(begun.classes) >= ALL else {"class": begun.classes}
    ways = [f"let it go on: kled snapshot restore {options(**on, **where, **kinds, yes=True)}"]
    if begun.before is not None:
        back = options(name=cluster, snapshot=begun.before)
        ways.append(f"or back to what was there before: kled snapshot restore {back}")
    ways.append(f"only where what is there is meant to stay: remove {url}")
    return "; ".join(ways)


def _tags(state: "ObjectStore", clusters: Sequence[str] | None) -> Mapping[str, str]:
    """Return the tags of the records of these clusters, by key."""
    few = clusters is not None and len(clusters) == 1
    prefix = RECORD.key(clusters[0]) if few and clusters else RECORD.prefix
    return {entry.key: entry.tag for entry in state.entries(prefix)}
