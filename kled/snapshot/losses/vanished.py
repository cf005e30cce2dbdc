"""Clusters that an earlier run saw and the state store lacks: deleted with kled, or lost.

And a state store that holds none at all.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kled.errors import ClusterNotFound, SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.create.results import ClusterResult
from kled.snapshot.create.selection import Orphan
from kled.snapshot.documents.runs import ENDED, GONE, RunEntry
from kled.snapshot.epoch import epoch
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.trust import sum_up
from kled.store_urls import is_same

_UNREGISTERED: Final = "unregistered"
"""For a run's document it is `GONE`: its snapshots go on to count."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """What is gone, and how that is told."""

    became: Mapping[str, str] = field(default_factory=dict)
    """Cluster to what became of it: `GONE` or `ENDED`."""
    snapshots: Mapping[str, str] = field(default_factory=dict)
    """Cluster to its newest snapshot."""
    warnings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """Those that kled did not delete, when they are first missed."""
    failures: tuple[ClusterResult, ...] = ()
    """Those that kled did not delete, in each run where nothing at all is left."""
    never_taken: tuple[str, ...] = ()
    """Those of which no run ever had a snapshot; none where nothing at all is left."""

    def lost_snapshots(self, snapshots: SnapshotStore) -> dict[str, str]:
        """Return the clusters of which nothing is left to ask for, each with words.

        Their snapshots are gone, too, or there never was one. A GET for each snapshot.
        """
        lost = {
            name: f'cluster "{name}" was never in a snapshot: it is not asked for any more'
            for name in self.never_taken
        }
        for cluster, snapshot in self.snapshots.items():
            try:
                snapshots.manifest(SnapshotRef(cluster, snapshot))
            except (SnapshotMissing, SnapshotNotTrustworthy) as error:
                lost[cluster] = f"{error.message}: it is lost, and not asked for any more"
        return lost


def find_vanished(
    snapshots: SnapshotStore,
    known: Mapping[str, RunEntry],
    present: Collection[str],
    state_store: str,
    way_back: Callable[[str], str],
) -> Vanished:
    """Compare the clusters that are `there` with those that earlier runs knew.

    `way_back` says how to put a cluster back. A request for the epoch of each that is gone, until
    it is known that kled deleted it.
    """
    gone = {
        name: (entry, entry.snapshot)
        for name, entry in known.items()
        if name not in present and entry.snapshot
    }
    warnings: list[str] = []
    findings: list[str] = []
    fates = {
        name: _fate(snapshots, (name, state_store), entry, findings)
        for name, (entry, _) in gone.items()
    }
    became = {name: GONE if fate == _UNREGISTERED else fate for name, fate in fates.items()}
    for name, (entry, _) in gone.items():
        if not entry.is_alive:
            continue
        hint = way_back(name)
        loss = f'cluster "{name}" is gone from the state store'
        if fates[name] == ENDED:
            warnings.append(f"{loss}: kled deleted it; to have it back: {hint}")
        elif fates[name] == _UNREGISTERED:
            back = hint.replace(" --yes", " --with-control --yes")  # its etcd lives
            warnings.append(f"{loss}: kled unregistered it; to have it back: {back}")
        else:
            warnings.append(
                f"{loss}; if nobody deleted it, with --with-control where its machines run on:"
                f" {hint}"
            )
            findings.append(f"{loss}, and kled did not delete it")
    lost = [name for name in gone if fates[name] == GONE] if not present else []
    return Vanished(
        became,
        {name: snapshot for name, (_, snapshot) in gone.items()},
        tuple(warnings),
        tuple(findings),
        tuple(_failure(name, *gone[name], state_store, way_back(name)) for name in lost),
        tuple(name for name in known if present and name not in present and name not in gone),
    )


def no_cluster(url: str, orphans: Sequence[str] = ()) -> ClusterNotFound:
    """Return the error of a run over all clusters of the store at `url` that finds none.

    That is how a state store looks that is not mounted, or another one than the one meant; where
    kled deleted the last cluster a person knows better than a schedule.
    """
    other = f", only what holds no config: {sum_up(orphans)}" if orphans else ""
    return ClusterNotFound(
        f"{url} holds no cluster{other}",
        hint="is it mounted, and is it the right one? kled doctor shows which it is; the first"
        " cluster: kled kops create-cluster; pause the schedule where there is to be none",
    )


def absent_cluster(orphan: Orphan) -> ClusterNotFound:
    """Return why a cluster that was named is not taken: it is not there."""
    return ClusterNotFound(
        f'there is no cluster "{orphan.name}" in the state store'
        + (f", only {orphan.objects} objects without its config" if orphan.objects else ""),
        hint="kled kops get-clusters lists those that are there",
    )


def _fate(
    snapshots: SnapshotStore, where: tuple[str, str], entry: RunEntry, findings: list[str]
) -> str:
    """Say whether kled deleted the cluster: its epoch ended, or is about to. Or unregistered it.

    `where` is its name and its state store.
    """
    name, state_store = where
    if entry.error == ENDED:
        return ENDED
    try:
        known = epoch.read(snapshots, name)
    except SnapshotNotTrustworthy as error:
        findings.append(error.message)
        return GONE
    if known is not None and known.unregistered and is_same(known.state_store, state_store):
        return _UNREGISTERED
    return ENDED if known is not None and epoch.is_ending(known, state_store) else GONE


def _failure(
    name: str, entry: RunEntry, snapshot: str, state_store: str, way_back: str
) -> ClusterResult:
    """Return the failure of a cluster that vanished with all the others."""
    error = ClusterNotFound(
        f'cluster "{name}" is gone from {state_store}, as are all the others',
        hint=f"is it the right state store, and all of it? to put the cluster back: {way_back}",
    )
    return ClusterResult(name, snapshot, level=entry.level, error=error)
