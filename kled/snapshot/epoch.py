"""Epochs: which state store a cluster lives in, so that a revived old side refuses itself.

`clusters/<cluster>/epoch.json` holds the live state store's URL and a number that only rises. Where
a verification key is configured it counts only when it is signed, or older than the first signed
document of the store.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, TypeAdapter

from kled.errors import (
    EpochMismatch,
    ObjectMissing,
    PreconditionFailed,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.snapshot import names, order, signed
from kled.snapshot.ledger import read_ledger, ready_to_write
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.runs import MOST, Cluster, Number

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Where a cluster lives since its number was raised last."""

    state_store: str
    """Its URL; empty after the cluster was deleted."""
    number: Number
    ends: bool = False
    """A deletion has begun there; what it was about to delete may be gone by now."""
    past: str = ""
    """The newest snapshot when a cluster of this name was deleted, or began anew with other keys:
    it and older ones are of that cluster, not of the one that lives now."""
    unregistered: bool = False
    """Its definition was taken from that state store on purpose, and its machines run on."""

    @property
    def vacant(self) -> bool:
        """Whether the cluster lives nowhere: any state store may be its next one."""
        return not self.state_store


def _checked_past(text: str) -> str:
    return text and names.checked_id(text)


@dataclass(frozen=True, slots=True)
class _Stored(Epoch):
    """The document; format 1 does not name the cluster."""

    past: Annotated[str, AfterValidator(_checked_past)] = ""
    cluster: Cluster | None = None


class _Found(NamedTuple):
    epoch: Epoch
    tag: str
    signed: bool


_model: Final = TypeAdapter(_Stored)


def read(snapshots: SnapshotStore, cluster: str) -> Epoch | None:
    """Return the cluster's epoch; None where none was written yet.

    Raises `SnapshotNotTrustworthy` where it is damaged, or is not signed though it should be.
    """
    found = _find(snapshots, cluster)
    return found.epoch if found else None


def check(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    """Return the epoch; raise `EpochMismatch` where the cluster lives in another state store.

    The first check of a cluster writes its epoch, as does the first one after `vacate`; of two at
    once one wins, and both compare with it.
    """
    stored = _find(snapshots, cluster)
    found = stored.epoch if stored else None
    if found is None or found.vacant:
        found = _begin(snapshots, cluster, state_store)
    elif stored and found.state_store == state_store.rstrip("/"):
        _adopt(snapshots, cluster, stored)
    if found.state_store != state_store.rstrip("/"):
        raise EpochMismatch(
            f'cluster "{cluster}" lives in {found.state_store} since epoch {found.number}, not in'
            f" {state_store}",
            hint=_what_to_check(snapshots)
            + ("; a deletion that began there ends when it is run again" if found.ends else ""),
        )
    return found


def _what_to_check(snapshots: SnapshotStore) -> str:
    """Say how to find out which of two state stores is right, without using the other one."""
    doubt = "" if snapshots.verification_keys else ", and no signature vouches for that URL"
    return (
        f"a recovery moved it{doubt}: ask whoever ran it, or look which store the user data of a"
        " control-plane machine names; pass --state with the one that is right, and --no-epoch"
        " only if recovery was a mistake"
    )


def _adopt(snapshots: SnapshotStore, cluster: str, stored: _Found) -> None:
    """Sign an epoch that was written before documents were signed."""
    if stored.signed or snapshots.keys.signing_key is None:
        return
    with suppress(PreconditionFailed, StoreDenied):
        _replace(snapshots, cluster, stored.epoch, stored.tag)


def advance(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    """Make `state_store` the cluster's place, and return the new epoch.

    Where it is that already, nothing is written, so it may run twice. Raises `PreconditionFailed`
    where somebody else raised it at the same time.
    """
    url, key = state_store.rstrip("/"), names.epoch_key(cluster)
    found = _find(snapshots, cluster)
    if found is None:
        new = Epoch(url, 1)
        snapshots.store.put_if_absent(key, _encode(snapshots, cluster, new))
    elif found.epoch.state_store == url:
        return found.epoch
    else:
        new = Epoch(url, min(found.epoch.number + 1, MOST), past=found.epoch.past)
        _replace(snapshots, cluster, new, found.tag)
    return new


def announce_end(
    snapshots: SnapshotStore,
    cluster: str,
    state_store: str,
    *,
    ends: bool,
    unregistered: bool = False,
) -> None:
    """Write down that a deletion in `state_store` begins, or that the cluster stays after all.

    So who finds it gone afterwards knows that nobody lost it. One that is `unregistered` does not
    end: it lives on without its definition. Nothing is done where it lives elsewhere or that is
    known, so it may run twice. Raises `PreconditionFailed` as `advance` does.
    """
    found = _find(snapshots, cluster)
    if found is None or found.epoch.state_store != state_store.rstrip("/"):
        return
    now = replace(found.epoch, ends=ends, unregistered=unregistered)
    if now != found.epoch:
        _replace(snapshots, cluster, now, found.tag)


def vacate(snapshots: SnapshotStore, cluster: str, state_store: str) -> None:
    """Say that the cluster was deleted from `state_store`; its number stays.

    Its snapshots are those of a cluster that is past from now on. Nothing is done where it lives
    elsewhere, or nowhere, so it may run twice.
    """
    found = _find(snapshots, cluster)
    if found is not None and found.epoch.state_store == state_store.rstrip("/"):
        newest = max((ref.id for ref in snapshots.list(cluster)), default=found.epoch.past)
        nowhere = Epoch("", found.epoch.number, past=newest)
        _replace(snapshots, cluster, nowhere, found.tag)


def begin_anew(snapshots: SnapshotStore, cluster: str, state_store: str) -> str:
    """Say that the cluster lives by other keys from now on; return the newest snapshot before.

    That and older ones are those of a cluster that is past; nothing else changes. Nothing is done
    where it lives elsewhere, or nowhere. It may run twice. Raises `PreconditionFailed` where
    somebody else wrote the epoch at the same time.
    """
    found = _find(snapshots, cluster)
    if found is None or found.epoch.state_store != state_store.rstrip("/"):
        return ""
    newest = max((ref.id for ref in snapshots.list(cluster)), default=found.epoch.past)
    if newest > found.epoch.past:
        _replace(snapshots, cluster, replace(found.epoch, past=newest), found.tag)
    return newest


def _begin(snapshots: SnapshotStore, cluster: str, state_store: str) -> Epoch:
    try:
        return advance(snapshots, cluster, state_store)
    except PreconditionFailed:
        return read(snapshots, cluster) or Epoch(state_store.rstrip("/"), 1)


def _find(snapshots: SnapshotStore, cluster: str) -> _Found | None:
    key = names.epoch_key(cluster)
    try:
        document = signed.read(snapshots.store, "epoch", key, snapshots.verification_keys)
        _require_counts(snapshots, document)
        stored = document.require(_model)
    except ObjectMissing:
        return None
    except SnapshotNotTrustworthy as error:
        raise SnapshotNotTrustworthy(error.message, hint=error.hint or _way_out(key)) from error
    if stored.cluster not in {None, cluster}:
        raise SnapshotNotTrustworthy(f"{key} is that of {stored.cluster}", hint=_way_out(key))
    found = Epoch(stored.state_store, stored.number, stored.ends, stored.past, stored.unregistered)
    return _Found(found, document.tag, document.signed)


def _require_counts(snapshots: SnapshotStore, document: signed.Document) -> None:
    """Refuse an epoch of another store, and an unsigned one that is later than signed documents.

    Epochs are overwritten, so the store's own time of writing tells how old it is.
    """
    identity = snapshots.root.store
    if identity and document.store and document.store != identity:
        raise SnapshotNotTrustworthy(f"{document.key} was written for another snapshot store")
    if document.signed or not snapshots.verification_keys:
        return
    since = read_ledger(snapshots).signed_since
    entries = snapshots.store.entries(document.key)
    written = next((one.modified for one in entries if one.key == document.key), None)
    if since is not None and (written or _NEVER) - order.SLACK > names.moment(since):
        raise SnapshotNotTrustworthy(
            f"{document.key} is not signed, though the store's documents are since {since}"
        )


def _way_out(key: str) -> str:
    return (
        "believe no URL in it; find out where the cluster lives: the user data of a control-plane"
        f" machine names its state store. Where that is this one, remove {key} from the snapshot"
        " store and run this again: it is written anew"
    )


def _replace(snapshots: SnapshotStore, cluster: str, epoch: Epoch, tag: str) -> None:
    body = _encode(snapshots, cluster, epoch)
    snapshots.store.replace(names.epoch_key(cluster), body, tag)


def _encode(snapshots: SnapshotStore, cluster: str, epoch: Epoch) -> bytes:
    """Return the document; raise `InvalidInput` where it must be signed and cannot be."""
    return signed.encode(
        "epoch",
        names.epoch_key(cluster),
        {**asdict(epoch), "cluster": cluster, "at": snapshots.now().isoformat(timespec="seconds")},
        store=ready_to_write(snapshots),
        signing_key=snapshots.keys.signing_key,
    )
