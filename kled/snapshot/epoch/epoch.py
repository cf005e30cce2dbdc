"""Epochs: which state store a cluster lives in, so that changes in a former home are refused.

`clusters/<cluster>/epoch.json` holds the URL of the state store and a number that only rises. Where
a verification key is configured, an epoch counts if it is signed or older than the first signed
document of the store.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace

from kled.errors import (
    EpochMismatch,
    PreconditionFailed,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.snapshot.documents import names
from kled.snapshot.documents.runs import MOST
from kled.snapshot.epoch.epoch_document import Epoch, StoredEpoch, encode, find, overwrite
from kled.snapshot.epoch.raising import raise_command
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.store_urls import canonical, is_among, is_same

__all__ = ["Epoch"]


def read(snapshots: SnapshotStore, cluster: str) -> Epoch | None:
    """Return the cluster's epoch; None where none was written yet.

    Raises `SnapshotNotTrustworthy` where it is damaged, or is not signed though it should be.
    """
    stored = find(snapshots, cluster)
    return stored.epoch if stored else None


def check(
    snapshots: SnapshotStore, cluster: str, state_store: str, *, typed: str | None = None
) -> Epoch:
    """Return the epoch; raise `EpochMismatch` where the cluster lives in another state store.

    `state_store` is the URL of the opened store, as manifests and runs have it; `typed` is another
    one of the same store, by which an earlier kled may have called it: do://BUCKET. The first check
    of a cluster writes its epoch, as does the first one after `vacate`; of two at once one wins,
    and both compare with it.
    """
    stored = find(snapshots, cluster)
    if stored and typed and not is_same(typed, state_store):
        stored = _store_respelled(snapshots, cluster, stored, typed, state_store)
    current = stored.epoch if stored else None
    if current is None or current.vacant:
        current = _begin(snapshots, cluster, state_store)
    elif stored and is_same(current.state_store, state_store):
        _adopt(snapshots, cluster, stored)
    require_same(snapshots, cluster, current, state_store)
    return current


def require_same(
    snapshots: SnapshotStore,
    cluster: str,
    known: Epoch,
    state_store: str,
    has_it: Callable[[str], bool] = lambda _: False,
) -> None:
    """Raise `EpochMismatch` where `known` says that the cluster lives in another state store.

    `has_it` says whether a state store is known to have the cluster, which then was not moved.
    """
    if is_same(known.state_store, state_store):
        return
    raise EpochMismatch(
        f'cluster "{cluster}" lives in {known.state_store} since epoch {known.number}, not in'
        f" {state_store}",
        hint=_what_to_check(snapshots)
        + ("" if has_it(known.state_store) else _advise_move(cluster, known, state_store))
        + ("; a deletion that began there ends when it is run again" if known.ends else ""),
    )


def _what_to_check(snapshots: SnapshotStore) -> str:
    """Say how to find out which of the two state stores is right, without trusting either."""
    doubt = "" if snapshots.verification_keys else ", and no signature vouches for that URL"
    return (
        f"a recovery moved it{doubt}: ask whoever ran it, or look which store the user data of a"
        " control-plane machine names; pass --state with the one that is right, and --no-epoch"
        " only if recovery was a mistake"
    )


def _advise_move(cluster: str, known: Epoch, here: str) -> str:
    """Say how to make `here` the cluster's home, unless it was moved away from there.

    Where the state store itself was moved or renamed, nobody has raised the epoch yet.
    """
    if known.homes is None or is_among(here, known.homes):
        return ""
    return (
        "; only where the state store itself was moved or renamed, so that nobody uses that one any"
        f" more: {raise_command(cluster, here, known.state_store)}"
    )


def _adopt(snapshots: SnapshotStore, cluster: str, stored: StoredEpoch) -> None:
    """Sign an epoch that was written before documents were signed."""
    if stored.signed or snapshots.keys.signing_key is None:
        return
    with suppress(PreconditionFailed, StoreDenied):
        overwrite(snapshots, cluster, stored.epoch, stored.tag)


def respell(known: Epoch, typed: str, state_store: str) -> Epoch:
    """Return the epoch with `state_store` in place of each URL that is `typed`."""

    def turned(url: str) -> str:
        return state_store if url and is_same(url, typed) else url

    return replace(
        known,
        state_store=turned(known.state_store),
        homes=None if known.homes is None else tuple(turned(url) for url in known.homes),
        past_of=tuple(turned(url) for url in known.past_of),
        left={turned(url): newest for url, newest in known.left.items()},
    )


def _store_respelled(
    snapshots: SnapshotStore, cluster: str, stored: StoredEpoch, typed: str, state_store: str
) -> StoredEpoch:
    """Store the epoch with the URL that manifests and runs use; return it in any case.

    Runs and deletions compare with the stored URL, whatever was typed.
    """
    new, keys = respell(stored.epoch, typed, state_store), snapshots.keys
    if asdict(new) == asdict(stored.epoch):
        return stored
    if keys.signing_key is not None or not snapshots.verification_keys:
        with suppress(PreconditionFailed, StoreDenied):
            overwrite(snapshots, cluster, new, stored.tag)
            return find(snapshots, cluster) or stored
    return stored._replace(epoch=new)


def is_past(known: Epoch, snapshot_id: str, state_store: str) -> bool:
    """Say whether a snapshot of `state_store` belongs to the earlier cluster of that name."""
    theirs = not known.past_of or is_among(state_store, known.past_of)
    return theirs and snapshot_id <= known.past


def is_left_behind(known: Epoch, snapshot_id: str, state_store: str) -> bool:
    """Say whether a snapshot was taken in a former home after the cluster had moved from there."""
    if is_same(state_store, known.state_store):
        return False
    return any(
        is_same(url, state_store) and snapshot_id > newest for url, newest in known.left.items()
    )


def has_ended(known: Epoch, state_store: str | None) -> bool:
    """Say whether the cluster of `state_store` (None: of any) was deleted."""
    theirs = state_store is None or not known.past_of or is_among(state_store, known.past_of)
    return known.vacant and theirs


def is_ending(known: Epoch, state_store: str) -> bool:
    """Say whether the cluster of `state_store` was deleted, or its deletion has begun."""
    return has_ended(known, state_store) or (known.ends and is_same(known.state_store, state_store))


def advance(snapshots: SnapshotStore, cluster: str, state_store: str, of: str = "") -> Epoch:
    """Make `state_store` the cluster's place, and return the new epoch.

    `of` is the state store of the snapshot that was restored there; it counts as a former home.
    Idempotent. Raises `PreconditionFailed` where somebody else raised it at the same time.
    """
    url, key = canonical(state_store), names.epoch_key(cluster)
    stored = find(snapshots, cluster)
    if stored is None:
        left = _find_newest_of_homes(snapshots, cluster, url, {}, (of,))
        new = Epoch(url, 1, homes=_drop_home(url, of), left=left)
        snapshots.store.put_if_absent(key, encode(snapshots, cluster, new))
        return new
    known = stored.epoch
    if is_same(known.state_store, url):
        unknown = known.homes is None and known.number > 1  # an earlier kled raised it
        if not of or unknown or is_among(of, (url, *(known.homes or ()))):
            return known
        left = _find_newest_of_homes(snapshots, cluster, url, known.left, (of,))
        new = replace(known, homes=_drop_home(url, *(known.homes or ()), of), left=left)
    else:
        before = () if known.vacant else (*(known.homes or ()), known.state_store)
        number = min(known.number + 1, MOST)
        new = Epoch(
            url,
            number,
            past=known.past,
            homes=_drop_home(url, *before, of),
            past_of=known.past_of,
            left=_find_newest_of_homes(
                snapshots, cluster, url, known.left, (known.state_store, of)
            ),
        )
    overwrite(snapshots, cluster, new, stored.tag)
    return new


def _find_newest_of_homes(
    snapshots: SnapshotStore, cluster: str, url: str, before: Mapping[str, str], now: Sequence[str]
) -> dict[str, str]:
    """Return the newest snapshot of each home that is not `url`; those of `before` stay as known.

    A LIST for each that the cluster leaves `now`, and a GET or a few.
    """
    left = {home: newest for home, newest in before.items() if not is_same(home, url)}
    for home in _drop_home(url, *now):
        if not is_among(home, left):
            left[home] = _newest_of(snapshots, cluster, (home,))
    return left


def _drop_home(url: str, *homes: str) -> tuple[str, ...]:
    """Return the homes that are not `url`, each once."""
    return tuple(dict.fromkeys(home for home in homes if home and not is_same(home, url)))


def announce_end(
    snapshots: SnapshotStore,
    cluster: str,
    state_store: str,
    *,
    ends: bool,
    unregistered: bool = False,
) -> None:
    """Record that a deletion in `state_store` begins, or that the cluster stays after all.

    Later runs then know that the cluster was deleted on purpose. An `unregistered` cluster lives on
    without its definition. Nothing is done where the cluster lives elsewhere. Idempotent. Raises
    `PreconditionFailed` as `advance` does.
    """
    stored = find(snapshots, cluster)
    if stored is None or not is_same(stored.epoch.state_store, state_store):
        return
    now = replace(stored.epoch, ends=ends, unregistered=unregistered)
    if now != stored.epoch:
        overwrite(snapshots, cluster, now, stored.tag)


def vacate(
    snapshots: SnapshotStore, cluster: str, state_store: str, *, final: str | None = None
) -> None:
    """Record that the cluster was deleted from `state_store`; its number stays.

    `final` is its final snapshot, where it is proved that nothing of the cluster was left.
    From now on its snapshots belong to an earlier cluster of that name. Nothing is done where it
    lives elsewhere, or nowhere. Idempotent.
    """
    stored = find(snapshots, cluster)
    if stored is not None and is_same(stored.epoch.state_store, state_store):
        ended = compute_ended(snapshots, cluster, stored.epoch)
        overwrite(snapshots, cluster, replace(ended, final=final), stored.tag)


def compute_ended(snapshots: SnapshotStore, cluster: str, known: Epoch) -> Epoch:
    """Return the epoch as it will be once the cluster is deleted. Writes nothing."""
    homes = (*(known.homes or ()), known.state_store)
    newest = _newest_of(snapshots, cluster, homes) or known.past
    return Epoch("", known.number, past=newest, past_of=_past_of(known))


def is_last_before_end(snapshots: SnapshotStore, cluster: str, snapshot_id: str) -> bool:
    """Say whether the snapshot is the last one before the cluster was deleted or unregistered.

    Nothing was changed or taken after it. A GET, and a LIST where a deletion has begun.
    """
    known = read(snapshots, cluster)
    if known is None:
        return False
    if known.unregistered or known.ends:
        return snapshot_id == max((ref.id for ref in snapshots.list(cluster)), default="")
    return known.past == snapshot_id


def is_final(snapshots: SnapshotStore, cluster: str, snapshot_id: str) -> bool:
    """Say whether the cluster is deleted, as was proved, and the snapshot is its final one."""
    known = read(snapshots, cluster)
    return known is not None and known.vacant and known.final == snapshot_id


def begin_anew(snapshots: SnapshotStore, cluster: str, state_store: str) -> str:
    """Record that the cluster begins anew with other keys; return the newest snapshot before.

    That snapshot and older ones belong to an earlier cluster from then on. Nothing is done where
    the cluster lives elsewhere, or nowhere. Idempotent. Raises `PreconditionFailed` where somebody
    else wrote the epoch at the same time.
    """
    stored = find(snapshots, cluster)
    if stored is None or not is_same(stored.epoch.state_store, state_store):
        return ""
    known = stored.epoch
    newest = _newest_of(snapshots, cluster, (*(known.homes or ()), known.state_store)) or known.past
    if newest > known.past:
        new = replace(known, past=newest, past_of=_past_of(known))
        overwrite(snapshots, cluster, new, stored.tag)
    return newest


def _past_of(known: Epoch) -> tuple[str, ...]:
    """Return the state stores whose snapshots end with this cluster; empty where unknown."""
    if known.homes is None and known.number > 1:
        return ()
    return (known.state_store, *(known.homes or ()))


def _newest_of(snapshots: SnapshotStore, cluster: str, homes: Collection[str]) -> str:
    """Return the newest snapshot of a cluster that lived in `homes`; empty: there is none.

    Unreadable snapshots and those of other clusters of that name are left out: otherwise a planted
    manifest with a late id would declare later snapshots past.
    """
    for snapshot_id in sorted((ref.id for ref in snapshots.list(cluster)), reverse=True):
        with suppress(SnapshotNotTrustworthy, SnapshotMissing):
            if is_among(snapshots.manifest(SnapshotRef(cluster, snapshot_id)).state_store, homes):
                return snapshot_id
    return ""


def _begin(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    try:
        return advance(snapshots, cluster, state_store)
    except PreconditionFailed:
        return read(snapshots, cluster) or Epoch(canonical(state_store), 1)
