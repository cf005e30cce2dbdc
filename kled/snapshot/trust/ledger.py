"""What a snapshot store's own documents say of its snapshots, and how far they can be believed.

Whatever needs more than one snapshot by its id asks here: which run is the newest, which snapshots
it names, what was removed on purpose, and what is missing. Damage is never raised: it is a `doubt`
where it could hide a newer snapshot, otherwise a `finding`; harmless oddities are `remarks`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from kled.errors import KledError, SnapshotNotTrustworthy
from kled.pool import Pool
from kled.snapshot.documents import last_seen, names, prunes, root
from kled.snapshot.documents.last_seen import LastSeen
from kled.snapshot.documents.root import RootState
from kled.snapshot.documents.runs import Run, RunEntry
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust import order
from kled.snapshot.trust.newest_runs import KEPT, NewestRuns, read_newest_runs, read_recent_runs
from kled.storage.base import ObjectStore
from kled.storage.bounded import is_there
from kled.store_urls import is_same, of_store

_NOT_ASKED: Final = "the state store was not asked which snapshot was the newest"


@dataclass(frozen=True)
class Ledger:
    """What was read at one moment."""

    snapshots: SnapshotStore
    root: RootState
    newest: Run | None
    """The newest run of all state stores."""
    run_ids: tuple[str, ...] = ()
    """The recent runs that were read and count, by id."""
    runs: Mapping[str, Run] = field(default_factory=dict)
    """The newest run of each state store, by its URL."""
    passed: tuple[str, ...] = ()
    """The ids of runs that are listed and do not count, each of which is a doubt."""
    doubts: tuple[str, ...] = ()
    """Why a newer snapshot may be missing: what is newest is not known for sure."""
    findings: tuple[str, ...] = ()
    """What else is wrong with the store's documents."""
    remarks: tuple[str, ...] = ()
    """What is odd, and harms nothing."""
    seen: LastSeen | None = None
    """What the state store remembers, where it was asked."""
    seen_tag: str = ""
    taken_back: bool = False
    """The store lacks the run that the state store remembers: one of the doubts. It stays until a
    person settles it (`next_run.remember`)."""
    state: ObjectStore | None = None
    """The state store at hand, where it was named."""
    written: Mapping[str, datetime] = field(default_factory=dict)
    """When the store says that each of the last runs was written, by its id."""

    @property
    def state_answers(self) -> bool:
        """Whether a state store is at hand that could be asked; a remark says where it was not."""
        return self.state is not None and not any(
            remark.startswith(_NOT_ASKED) for remark in self.remarks
        )

    @property
    def here(self) -> str | None:
        """The URL of the state store at hand."""
        return self.state.location.url if self.state is not None else None

    def entry(self, cluster: str) -> RunEntry | None:
        """Return what is known of a cluster: by the newest run that has seen it alive.

        Of clusters of one name in several state stores, the one in the state store at hand counts.
        """
        known = [
            (is_same(url, self.here or ""), entry.is_alive, run.number, run.id, entry)
            for url, run in self.runs.items()
            if (entry := run.clusters.get(cluster)) is not None
        ]
        return max(known, key=lambda ranked: ranked[:-1])[-1] if known else None

    def alive(self, cluster: str, past: str | None = None) -> Iterator[tuple[str, Run, RunEntry]]:
        """Yield the state stores whose newest runs saw the cluster alive, with run and entry.

        With `past` only those that have a later snapshot than that: it and older ones are of an
        earlier cluster of that name.
        """
        for url, run in self.runs.items():
            entry = run.clusters.get(cluster)
            if entry is None or not entry.is_alive:
                continue
            if past is None or (entry.snapshot or "") > past:
                yield url, run, entry

    @cached_property
    def named(self) -> frozenset[SnapshotRef]:
        """The snapshots that the newest runs, or the state store, name."""
        seen = self.seen.clusters.items() if self.seen else ()
        return self._named_by_runs | {SnapshotRef(*pair) for pair in seen}

    @cached_property
    def made(self) -> frozenset[SnapshotRef]:
        """All that runs of the last days made; a LIST, and a GET for each run.

        Of runs from before a person settled what was lost nothing is asked.
        """
        settled = (self.newest.begins if self.newest else None) or ""
        return frozenset(
            SnapshotRef(cluster, entry.snapshot)
            for run in read_recent_runs(self.snapshots, self.signed_since, self.root.store)
            for cluster, entry in run.clusters.items()
            if entry.snapshot and run.id >= settled
        )

    @cached_property
    def _named_by_runs(self) -> frozenset[SnapshotRef]:
        """What no prune removes, so that none excuses its absence."""
        return frozenset(
            SnapshotRef(cluster, entry.snapshot)
            for run in self.runs.values()
            for cluster, entry in run.clusters.items()
            if entry.snapshot
        )

    def missing(
        self, present: Iterable[SnapshotRef], cluster: str | None = None
    ) -> tuple[SnapshotRef, ...]:
        """Return which of the named are not `present`, though no prune can have removed them."""
        listed = set(present)
        gone = {ref for ref in self.named if cluster in {None, ref.cluster} and ref not in listed}
        return tuple(sorted(gone - self.removed(gone - self._named_by_runs)))

    def lost(self, present: Collection[SnapshotRef]) -> tuple[SnapshotRef, ...]:
        """Return which are not `present` of all that runs of the last days `made`, too."""
        gone = (self.made | self.named) - set(present)
        return tuple(sorted(gone - self.removed(gone - self._named_by_runs)))

    def removed(self, gone: Collection[SnapshotRef]) -> frozenset[SnapshotRef]:
        """Return which of them a prune removed; it came after each was made."""
        if not gone:
            return frozenset()
        first = min(ref.id for ref in gone)
        return self.prunes_after(first).removed & frozenset(gone)

    def prunes_after(self, first: str) -> prunes.Prunes:
        """Return what the prunes with later ids say."""
        return prunes.read(self.snapshots, first, self.root, self.signed_since)

    def findings_by(self, now: RootState) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the findings that are left when `kled.json` says `now`, and in words what is not.

        One that was gone when it was looked at, and is there again, is nothing to look into.
        """
        gone = self.root.finding
        if gone not in self.findings or not self.root.missing or now.finding:
            return self.findings, ()
        left = tuple(finding for finding in self.findings if finding != gone)
        return left, (f"{gone}: it was made anew, and nothing is lost",)

    @property
    def recipients(self) -> tuple[str, ...]:
        """To whom the store's snapshots are encrypted, as far as anything there tells.

        `kled.json` may be gone, damaged or made anew: then the newest run tells it. Where a key is
        configured one that is not signed tells it only where no run is.
        """
        keys, newest = self.snapshots.verification_keys, self.newest
        said = self.root.root.recipients if self.root.root else ()
        told = said if self.root.signed or not keys or not (newest and newest.signed) else ()
        return told or (newest.recipients if newest else ())

    @property
    def recipients_are_signed(self) -> bool:
        """Whether a signature that counts vouches for the `recipients`."""
        return self.root.signed or bool(self.newest and self.newest.signed)

    @property
    def signed_since(self) -> str | None:
        """The first signed document of the store, where any source that counts tells."""
        return _find_earliest(self.root, self.newest, self.seen)

    def oldest_first(self, cluster: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the cluster's snapshots in the order of their making (`order`)."""
        return order.oldest_first(ids, self.entry(cluster), self.snapshots.now())


def read_ledger(snapshots: SnapshotStore, state: ObjectStore | None = None) -> Ledger:
    """Read what the store says of itself: at once one LIST, and a GET of two or three documents.

    `state` is asked what it remembers; where it does not answer, a remark says so. Raises what the
    snapshot store raises.
    """
    with Pool(3, "kled-ledger") as pool:
        looking = pool.submit(lambda: snapshots.root)
        remembering = pool.submit(_read_remembered, state, snapshots)
        reading = pool.submit(read_newest_runs, snapshots)
        root_state, (memory, seen_doubts, remarks) = looking.result(), remembering.result()
        seen, tag = memory or (None, "")
        since = _find_earliest(root_state, None, seen)
        chain = reading.result()(since, root_state.store)
    taken_back: tuple[str, ...] = ()
    if seen is not None and _lacks(chain, seen, snapshots):
        chain = read_newest_runs(snapshots)(since, root_state.store, seen.run)
        if _lacks(chain, seen, snapshots):  # neither written since then, nor dated wrong
            taken_back = _explain_taken_back(chain.newest, seen)
    newest = chain.newest
    return Ledger(
        snapshots,
        root_state,
        newest,
        chain.read,
        _group_by_place(chain.by_state_store),
        chain.passed,
        (*chain.doubts, *seen_doubts, *taken_back),
        (*_explain_root(root_state, newest), *chain.findings),
        (*remarks, *chain.remarks),
        seen,
        tag,
        bool(taken_back),
        state,
        chain.written,
    )


def _group_by_place(by_url: Mapping[str, Run]) -> dict[str, Run]:
    """Return the newest run of each place: one directory may have been typed in two ways."""
    by_place: dict[str, Run] = {}
    for url, run in sorted(by_url.items(), key=lambda pair: (-pair[1].number, pair[1].id)):
        if of_store(by_place, url) is None:
            by_place[url] = run
    return by_place


def prepare_to_write(
    snapshots: SnapshotStore, ledger: Ledger | None = None, first: str | None = None
) -> str | None:
    """Make sure that what is written now counts, and return the identity that it is bound to.

    Makes `kled.json`, makes it anew, or brings it to format 2; `first` is the id of the first
    document that is signed, where none was yet. Raises, before any change, `InvalidInput` where
    this machine lacks the signing key, and `SnapshotNotTrustworthy` where a newer kled writes here.
    """
    if snapshots.root.current:
        root.require_signing_key(snapshots, snapshots.root.root)
        return snapshots.root.store
    ledger = ledger or read_ledger(snapshots)
    newest = ledger.newest
    identity = (
        newest.store if newest and (newest.signed or not snapshots.verification_keys) else None
    )
    return root.ensure(snapshots, identity, ledger.signed_since or first).store


def _read_remembered(
    state: ObjectStore | None, snapshots: SnapshotStore
) -> tuple[tuple[LastSeen, str] | None, tuple[str, ...], tuple[str, ...]]:
    """Return what the state store remembers with its tag, doubts, and remarks."""
    if state is None:
        return None, (), ()
    try:
        return last_seen.read(state, snapshots), (), ()
    except SnapshotNotTrustworthy as error:
        return None, (f"what the state store remembers cannot be read: {error.message}",), ()
    except KledError as error:
        return None, (), (f"{_NOT_ASKED}: {error.message}",)


def _lacks(chain: NewestRuns, seen: LastSeen, snapshots: SnapshotStore) -> bool:
    """Say whether the run is gone that the state store remembers.

    Later runs do not stand in for it: they may be those of a store that was taken back and written
    to since. A request where it is older than what was listed. One that is not signed where a key
    is configured has no number that counts: until a run is signed with a new key, ids tell.
    """
    newest = chain.newest
    if newest is None:
        return True
    counts = newest.signed or not snapshots.verification_keys
    if newest.number < seen.number if counts else newest.id < seen.run:
        return True
    if seen.run in chain.listed or seen.run < names.new_id(snapshots.now() - KEPT, b"\0\0"):
        return False
    return not is_there(snapshots.store, names.run_key(seen.run))


def _explain_taken_back(newest: Run | None, seen: LastSeen) -> tuple[str, ...]:
    """Say that the state store remembers a run that is not there."""
    left = f"the newest run there is {newest.id}" if newest else "no run is there"
    doubt = (
        f"the state store remembers run {seen.run}, and {left}: somebody removed it, took the"
        " snapshot store back to an earlier moment, or another store is mounted in its place"
    )
    return (doubt,)


def _explain_root(state: RootState, newest: Run | None) -> tuple[str, ...]:
    """Say what is wrong with `kled.json`, in the light of what the newest run was bound to."""
    if state.finding:
        return () if state.missing and newest is None else (state.finding,)
    if newest and newest.store and state.root and state.root.store is None:
        return ("kled.json does not name the identity that the newest run was written for",)
    return ()


def _find_earliest(state: RootState, newest: Run | None, seen: LastSeen | None) -> str | None:
    known = (
        state.signed_since,
        newest.signed_since if newest and newest.signed else None,
        seen.signed_since if seen else None,
    )
    return min(filter(None, known), default=None)
