"""Epochs: which state store a cluster lives in, so that a revived old side refuses itself.

`clusters/<cluster>/epoch.json` holds the live state store's URL and a number that only rises.
"""

import json
from dataclasses import dataclass, replace

from kled.errors import EpochMismatch, ObjectMissing, PreconditionFailed, SnapshotNotTrustworthy
from kled.snapshot import names
from kled.snapshot.repository import SnapshotStore, read_json, require_text


@dataclass(frozen=True, slots=True)
class Epoch:
    """Where a cluster lives since its number was raised last."""

    state_store: str
    """Its URL; empty after the cluster was deleted."""
    number: int
    ends: bool = False
    """A deletion has begun there; what it was about to delete may be gone by now."""
    past: str = ""
    """The newest snapshot when a cluster of this name was deleted: it and older ones are of that
    cluster, not of the one that lives now."""

    @property
    def vacant(self) -> bool:
        """Whether the cluster lives nowhere: any state store may be its next one."""
        return not self.state_store


def read(snapshots: SnapshotStore, cluster: str) -> Epoch | None:
    """Return the cluster's epoch; None where none was written yet."""
    found = _find(snapshots, cluster)
    return found[0] if found else None


def check(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    """Return the epoch; raise `EpochMismatch` where the cluster lives in another state store.

    The first check of a cluster writes its epoch, as does the first one after `vacate`; of two at
    once one wins, and both compare with it.
    """
    found = read(snapshots, cluster)
    if found is None or found.vacant:
        found = _begin(snapshots, cluster, state_store)
    if found.state_store != state_store.rstrip("/"):
        raise EpochMismatch(
            f'cluster "{cluster}" lives in {found.state_store} since epoch {found.number}, not in'
            f" {state_store}",
            hint=f"pass --state={found.state_store}, or --no-epoch if recovery was a mistake"
            + ("; a deletion that began there ends when it is run again" if found.ends else ""),
        )
    return found


def advance(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    """Make `state_store` the cluster's place, and return the new epoch.

    Where it is that already, nothing is written, so it may run twice. Raises `PreconditionFailed`
    where somebody else raised it at the same time.
    """
    url, key = state_store.rstrip("/"), names.epoch_key(cluster)
    found = _find(snapshots, cluster)
    if found is None:
        new = Epoch(url, 1)
        snapshots.store.put_if_absent(key, _encode(new))
    elif found[0].state_store == url:
        return found[0]
    else:
        new = Epoch(url, found[0].number + 1, past=found[0].past)
        snapshots.store.replace(key, _encode(new), found[1])
    return new


def announce_end(snapshots: SnapshotStore, cluster: str, state_store: str, *, ends: bool) -> None:
    """Write down that a deletion in `state_store` begins, or that the cluster stays after all.

    So who finds it gone afterwards knows that nobody lost it. Nothing is done where it lives
    elsewhere or that is known, so it may run twice. Raises `PreconditionFailed` as `advance` does.
    """
    found = _find(snapshots, cluster)
    if found is not None and (found[0].state_store, found[0].ends) == (
        state_store.rstrip("/"),
        not ends,
    ):
        new = replace(found[0], ends=ends)
        snapshots.store.replace(names.epoch_key(cluster), _encode(new), found[1])


def vacate(snapshots: SnapshotStore, cluster: str, state_store: str) -> None:
    """Say that the cluster was deleted from `state_store`; its number stays.

    Its snapshots are those of a cluster that is past from now on. Nothing is done where it lives
    elsewhere, or nowhere, so it may run twice.
    """
    found = _find(snapshots, cluster)
    if found is not None and found[0].state_store == state_store.rstrip("/"):
        newest = max((ref.id for ref in snapshots.list(cluster)), default=found[0].past)
        nowhere = Epoch("", found[0].number, past=newest)
        snapshots.store.replace(names.epoch_key(cluster), _encode(nowhere), found[1])


def _begin(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    try:
        return advance(snapshots, cluster, state_store)
    except PreconditionFailed:
        return read(snapshots, cluster) or Epoch(state_store.rstrip("/"), 1)


def _find(snapshots: SnapshotStore, cluster: str) -> tuple[Epoch, str] | None:
    key = names.epoch_key(cluster)
    try:
        stored = snapshots.store.get(key)
    except ObjectMissing:
        return None
    document = read_json(stored.body, key)
    number = document.get("number")
    if not isinstance(number, int):
        raise SnapshotNotTrustworthy(f"{key} has no number")
    place = require_text(document, "state_store", key)
    past = document.get("past")
    ends = document.get("ends") is True
    return Epoch(place, number, ends, past if isinstance(past, str) else ""), stored.tag


def _encode(epoch: Epoch) -> bytes:
    document: dict[str, object] = {"state_store": epoch.state_store, "number": epoch.number}
    if epoch.ends:
        document["ends"] = True
    if epoch.past:
        document["past"] = epoch.past
    return json.dumps(document, indent=1).encode() + b"\n"
