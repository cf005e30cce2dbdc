"""What a state store remembers of its snapshots: the newest run, and the newest id of each cluster.

The document is `.kled/snapshots/<digits>.json` in the state store, one for each snapshot store,
named by the digest of its URL. It shows when a snapshot store was set back to an earlier state,
which no signature can show: an attacker would have to change the state store as well.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from pydantic import TypeAdapter

from kled.errors import (
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    SnapshotNotTrustworthy,
)
from kled.snapshot.documents import signed
from kled.snapshot.documents.runs import ClusterName, Id, Number, Run
from kled.snapshot.repository import SnapshotStore
from kled.storage.base import ObjectStore

PREFIX: Final = ".kled/snapshots/"
_DIGITS: Final = 16
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The newest run of this state store, and the newest snapshot of each of its clusters."""

    snapshot_store: str
    """Its URL."""
    run: Id
    number: Number
    clusters: Mapping[ClusterName, Id] = field(default_factory=dict)
    signed_since: Id | None = None


_model: Final = TypeAdapter(LastSeen)


def key_of(snapshot_store: str) -> str:
    """Return the key of the document about that snapshot store."""
    digest = hashlib.sha256(snapshot_store.rstrip("/").encode()).hexdigest()
    return f"{PREFIX}{digest[:_DIGITS]}.json"


def read(state: ObjectStore, snapshots: SnapshotStore) -> tuple[LastSeen, str] | None:
    """Return what `state` remembers of `snapshots`, and its tag; None where it remembers nothing.

    Raises `SnapshotNotTrustworthy` where the document is damaged, and what the store raises.
    """
    key = key_of(snapshots.url)
    try:
        document = signed.read(state, "last-seen", key, snapshots.verification_keys)
    except ObjectMissing:
        return None
    return document.require(_model), document.tag


def write(  # noqa: PLR0913 - what is merged, each by its name
    state: ObjectStore,
    snapshots: SnapshotStore,
    run: Run,
    known: tuple[LastSeen, str] | None = None,
    *,
    forget: Collection[str] = (),
    keep: Collection[str] = (),
    anew: bool = False,
) -> None:
    """Remember the run; two runs at once are merged, each with the clusters that it looked at.

    `known` is what was read before; it is read again only where it changed since. Safe to repeat:
    a run that is remembered already, or an older one, changes nothing. A damaged document is
    replaced. `forget` names clusters whose snapshots are lost for good, `keep` those whose
    remembered snapshot stays although the run has another; with `anew` only this run is remembered.
    Raises what the store raises: `StoreDenied` where this machine may only read the state store.
    """
    for _ in range(_ATTEMPTS):
        before = None if anew or known is None else known[0]
        seen = _merge(before, snapshots.url, run, forget, keep)
        if known and seen == known[0]:
            return
        if _try_store(state, snapshots, seen, known[1] if known else None):
            return
        try:
            known = read(state, snapshots)
        except SnapshotNotTrustworthy:
            state.delete(key_of(snapshots.url))
            known = None


def _try_store(
    state: ObjectStore, snapshots: SnapshotStore, seen: LastSeen, tag: str | None
) -> bool:
    key = key_of(snapshots.url)
    signing_key = snapshots.keys.signing_key
    body = signed.encode("last-seen", key, asdict(seen), store=None, signing_key=signing_key)
    try:
        if tag is None:
            state.put_if_absent(key, body)
        else:
            state.replace(key, body, tag)
    except PreconditionFailed:
        return False
    except CapabilityMissing:  # no conditions here: the newest of two stays
        state.put(key, body)
    return True


def _merge(
    seen: LastSeen | None,
    url: str,
    run: Run,
    forget: Collection[str] = (),
    keep: Collection[str] = (),
) -> LastSeen:
    """Add the clusters that the run looked at itself, without those that it only carried on."""
    looked_at = {
        name: entry.snapshot
        for name, entry in run.clusters.items()
        if entry.snapshot and (seen is None or (entry.run == run.id and name not in keep))
    }
    if seen is None:
        return LastSeen(url, run.id, run.number, looked_at, run.signed_since)
    newest = max((seen.number, seen.run), (run.number, run.id))
    return LastSeen(
        url,
        newest[1],
        newest[0],
        {
            **{name: snapshot for name, snapshot in seen.clusters.items() if name not in forget},
            **looked_at,
        },
        seen.signed_since or run.signed_since,
    )
