"""Which cluster a snapshot belongs to: two state stores may have clusters of the same name.

A manifest names the state store that it was taken from. It counts for a cluster where that is the
state store at hand, or one in which the cluster lived before, by its epoch. A manifest that was
copied from another snapshot store with the same key does not count. The epoch is read once for each
cluster.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kled.errors import BucketMissing, KledError, SnapshotNotTrustworthy
from kled.kops.state_store.layout import CONFIG
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.epoch import epoch
from kled.snapshot.epoch.epoch import Epoch
from kled.snapshot.trust.ledger import Ledger
from kled.storage.bounded import is_there
from kled.store_urls import is_among, is_same
from kled.visible import visible

_FIRST: Final = 1
"""The number of an epoch that was never raised."""


_PAST: Final = (
    (
        "of an earlier cluster of that name, which was deleted or began anew with other keys: none"
        " of the one that lives now"
    ),
)


@dataclass
class Origins:
    """What of one snapshot store counts for the clusters of the state store at hand.

    What is asked for once is kept: one value serves one operation. Safe for threads: two that ask
    at once read twice.
    """

    ledger: Ledger
    """Its state store, if any, is the one at hand."""
    accepted: tuple[str, ...] = ()
    """URLs of state stores that a person named: their snapshots count, too."""
    moves: bool = False
    """The cluster is being moved into the state store at hand: what counts where it lived does."""
    _epochs: dict[str, Epoch | None] = field(default_factory=dict)
    _homes: dict[str, tuple[str, ...] | None] = field(default_factory=dict)

    def foreign(self, manifest: Manifest) -> str:
        """Say of which other state store a snapshot is; empty: it counts for its cluster here.

        Raises what may pass, where the epoch cannot be read.
        """
        here, url = self.ledger.here, manifest.state_store
        behind = self.left_behind(manifest)
        if behind:
            return behind
        if here is not None and is_same(url, here):
            return ""
        homes = self._homes_of(manifest.cluster)
        if homes is None or is_among(url, (*homes, *self.accepted)):
            return ""
        other = "not of this state store" if here else "where the cluster never lived"
        return f"it is of {visible(url)}, {other}"

    def left_behind(self, manifest: Manifest) -> str:
        """Say that a snapshot was taken in a home that the cluster had left; else nothing."""
        known, url = self._epoch_of(manifest.cluster), manifest.state_store
        if known is None or not epoch.is_left_behind(known, manifest.id, url):
            return ""
        return f"it was taken in {visible(url)} after the cluster had moved from there"

    def lives_in(self, cluster: str, url: str) -> bool:
        """Say whether the epoch names `url` as the place of the cluster."""
        known = self._epoch_of(cluster)
        return known is not None and not known.vacant and is_same(known.state_store, url)

    def home_of(self, cluster: str) -> str | None:
        """Return where the cluster lives by its epoch; None: none, or a vacant one."""
        known = self._epoch_of(cluster)
        return None if known is None or known.vacant else known.state_store

    def home_of_the_original(self, manifest: Manifest) -> str:
        """Return where the cluster lives, where a snapshot is of a place that was never its home.

        Empty where no epoch tells it, or that place is the state store at hand.
        """
        known, url = self._epoch_of(manifest.cluster), manifest.state_store
        if known is None or known.vacant or is_same(url, self.ledger.here or ""):
            return ""
        legacy = known.homes is None and known.number > _FIRST
        return "" if legacy or is_among(url, _homes_by(known)) else known.state_store

    def lineage(self, manifest: Manifest) -> str | None:
        """Return the state store whose cluster's history a snapshot is part of.

        It is the same for all homes that one cluster had. None: nothing in this snapshot store
        knows of that cluster there, so that somebody put the snapshot in.
        """
        cluster, url, here = manifest.cluster, manifest.state_store, self.ledger.here
        known, runs = self._epoch_of(cluster), tuple(self._runs_of(cluster))
        if known is not None and epoch.is_left_behind(known, manifest.id, url):
            return url  # what the move left behind has a history of its own
        last = known.state_store if known else ""
        homes = _homes_by(known)
        if is_among(url, homes):
            return last or homes[0]
        told = [*runs, *([here] if here else []), *self.accepted]
        if is_among(url, told):
            return next(home for home in told if is_same(home, url))
        return url if _is_unknown(known, runs) else None

    def is_past(self, manifest: Manifest) -> bool:
        """Say whether a snapshot is of an earlier cluster of that name, where another lives now.

        Raises `SnapshotNotTrustworthy` where the epoch is damaged.
        """
        known = self._checked_epoch(manifest.cluster)
        return known is not None and not known.vacant and self.has_ended(manifest)

    def remarks(self, manifest: Manifest) -> tuple[str, ...]:
        """Say it in words where `is_past`; a damaged epoch tells nothing. One GET per cluster."""
        known = self._epoch_of(manifest.cluster)
        if known is None or known.vacant:
            return ()
        return _PAST if epoch.is_past(known, manifest.id, manifest.state_store) else ()

    def has_ended(self, manifest: Manifest) -> bool:
        """Say whether the cluster of a snapshot was deleted since, or began anew with other keys.

        Whether another lives now is not asked: the first change of it writes that down. Raises as
        `is_past` does.
        """
        known = self._checked_epoch(manifest.cluster)
        return known is not None and epoch.is_past(known, manifest.id, manifest.state_store)

    def _checked_epoch(self, cluster: str) -> Epoch | None:
        known = self._epochs.get(cluster)
        if known is None:  # not asked yet, none, or damaged: then it is raised
            known = epoch.read(self.ledger.snapshots, cluster)
            self._epochs[cluster] = known
        return known

    def is_succeeded(self, manifest: Manifest) -> bool:
        """Say whether the cluster of a snapshot has ended, and another of that name is known since.

        By the epoch, or by the newest run of any state store. Raises as `is_past` does.
        """
        known = self._checked_epoch(manifest.cluster)
        if known is None or not self.has_ended(manifest):
            return False
        return not known.vacant or any(self.ledger.alive(manifest.cluster, known.past))

    def is_guessed(self, manifest: Manifest) -> bool:
        """Say whether a snapshot counts though no epoch says that its cluster lived there.

        So it is in a second site, and where no change was made with kled: all that tells it from
        one of a namesake is that there is no other.
        """
        cluster, url, here = manifest.cluster, manifest.state_store, self.ledger.here
        if is_same(url, here or "") or is_among(url, self.accepted):
            return False  # without a state store at hand, as on a fresh machine, it is guessed, too
        return not _homes_by(self._epoch_of(cluster))

    def is_vacant(self, cluster: str) -> bool:
        """Say whether the cluster was deleted, and not from another state store than this one."""
        known = self._epoch_of(cluster)
        return known is not None and epoch.has_ended(known, self.ledger.here)

    def _homes_of(self, cluster: str) -> tuple[str, ...] | None:
        if cluster not in self._homes:
            self._homes[cluster] = self._find_homes(cluster)
        return self._homes[cluster]

    def _find_homes(self, cluster: str) -> tuple[str, ...] | None:
        """Return the state stores, beside the one at hand, whose snapshots are the cluster's.

        None: nothing tells, so that all are. Nothing elsewhere is where the cluster lives here, but
        for what the epoch says: then what lives there is another cluster of that name.
        """
        here, known = self.ledger.here, self._epoch_of(cluster)
        runs = tuple(self._runs_of(cluster))
        if here is not None and known is not None and is_same(known.state_store, here):
            legacy = known.homes is None and known.number > _FIRST
            return runs if legacy else (known.homes or ())
        if known is not None and not known.vacant and is_among(here or "", known.homes or ()):
            return _homes_by(known)  # it moved from here: the same cluster, and no namesake
        if not self.moves and (is_among(here or "", runs) or self._lives_here(cluster)):
            return ()
        homes = _homes_by(known)
        return homes or runs or None

    def _lives_here(self, cluster: str) -> bool:
        """Say whether the state store at hand holds the cluster; it does where nobody can tell."""
        if self.ledger.state is None:
            return False
        try:
            return is_there(self.ledger.state, f"{cluster}/{CONFIG}")
        except BucketMissing:
            return False
        except KledError:
            return True

    def _epoch_of(self, cluster: str) -> Epoch | None:
        """Return the epoch; one that is damaged, or not signed though it should be, tells nothing.

        Who changes the cluster is told so.
        """
        if cluster not in self._epochs:
            try:
                self._epochs[cluster] = epoch.read(self.ledger.snapshots, cluster)
            except SnapshotNotTrustworthy:
                self._epochs[cluster] = None
        return self._epochs[cluster]

    def _runs_of(self, cluster: str) -> Iterator[str]:
        """Yield the state stores in which the newest runs saw the cluster."""
        return (url for url, run in self.ledger.runs.items() if cluster in run.clusters)


def _homes_by(known: Epoch | None) -> tuple[str, ...]:
    """Return where a cluster lives and lived by its epoch; of a deleted one, where it did."""
    if known is None:
        return ()
    return known.past_of if known.vacant else (known.state_store, *(known.homes or ()))


def _is_unknown(known: Epoch | None, runs: tuple[str, ...]) -> bool:
    """Say whether nothing tells where the cluster lived: there is no run of it, and no epoch.

    One that was written by an earlier kled, and raised since, does not name the places before.
    """
    if known is None:
        return not runs
    return known.homes is None and (known.vacant or known.number > _FIRST)
