"""Epochs: which state store a cluster lives in, so that a revived old side refuses itself.

`clusters/<cluster>/epoch.json` holds the live state store's URL and a number that only rises. Where
a verification key is configured it counts only when it is signed, or older than the first signed
document of the store.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, TypeAdapter

from kled.errors import (
    EpochMismatch,
    ObjectMissing,
    PreconditionFailed,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.sentences import options
from kled.snapshot import names, order, signed
from kled.snapshot.ledger import read_ledger, ready_to_write
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.runs import MOST, Cluster, Number
from kled.snapshot.state_stores import is_among, is_same
from kled.storage.bounded import written

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
    homes: tuple[str, ...] | None = field(default=(), compare=False)
    """URLs of the state stores where the cluster lived before it came to this one; None: an earlier
    kled wrote it, which did not say."""
    past_of: tuple[str, ...] = field(default=(), compare=False)
    """URLs of the state stores of the cluster that is `past`: snapshots of others are none of its.
    Empty: an earlier kled did not say, and all are."""
    left: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The newest snapshot of each home when the cluster had moved from there, by its URL; empty:
    there was none. What is taken there later is of what the move left behind."""

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
    homes: tuple[str, ...] | None = None
    left: dict[str, Annotated[str, AfterValidator(_checked_past)]] = field(default_factory=dict)
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
    require_same(snapshots, cluster, found, state_store)
    return found


def require_same(snapshots: SnapshotStore, cluster: str, known: Epoch, state_store: str) -> None:
    """Raise `EpochMismatch` where `known` says that the cluster lives in another state store."""
    if known.state_store == state_store.rstrip("/"):
        return
    raise EpochMismatch(
        f'cluster "{cluster}" lives in {known.state_store} since epoch {known.number}, not in'
        f" {state_store}",
        hint=_what_to_check(snapshots)
        + _moved(cluster, known, state_store)
        + ("; a deletion that began there ends when it is run again" if known.ends else ""),
    )


def _what_to_check(snapshots: SnapshotStore) -> str:
    """Say how to find out which of two state stores is right, without using the other one."""
    doubt = "" if snapshots.verification_keys else ", and no signature vouches for that URL"
    return (
        f"a recovery moved it{doubt}: ask whoever ran it, or look which store the user data of a"
        " control-plane machine names; pass --state with the one that is right, and --no-epoch"
        " only if recovery was a mistake"
    )


def _moved(cluster: str, known: Epoch, here: str) -> str:
    """Say what lets the cluster live in `here`, unless that is a home that it was moved from.

    Where somebody moved the state store itself, nobody has raised the epoch.
    """
    if known.homes is None or is_among(here, known.homes):
        return ""
    move = {"name": cluster, "snapshot": "latest", "state": here}
    flags = options(**move, of_state_store=known.state_store, rewrite_places=True, raise_epoch=True)
    return (
        "; only where the state store itself was moved or renamed, so that nobody uses that one any"
        f" more: kled snapshot restore {flags}"
    )


def _adopt(snapshots: SnapshotStore, cluster: str, stored: _Found) -> None:
    """Sign an epoch that was written before documents were signed."""
    if stored.signed or snapshots.keys.signing_key is None:
        return
    with suppress(PreconditionFailed, StoreDenied):
        _replace(snapshots, cluster, stored.epoch, stored.tag)


def is_past(known: Epoch, snapshot_id: str, state_store: str) -> bool:
    """Say whether a snapshot of `state_store` is of the cluster that is past."""
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
    """Say whether the cluster was deleted, and that is the one of `state_store` (None: any)."""
    theirs = state_store is None or not known.past_of or is_among(state_store, known.past_of)
    return known.vacant and theirs


def is_ending(known: Epoch, state_store: str) -> bool:
    """Say whether the cluster of `state_store` was deleted, or its deletion has begun."""
    return has_ended(known, state_store) or (known.ends and is_same(known.state_store, state_store))


def advance(snapshots: SnapshotStore, cluster: str, state_store: str, of: str = "") -> Epoch:
    """Make `state_store` the cluster's place, and return the new epoch.

    `of` is the state store of the snapshot that was put there; it counts as a former home. Where
    all that is so already, nothing is written, so it may run twice. Raises `PreconditionFailed`
    where somebody else raised it at the same time.
    """
    url, key = state_store.rstrip("/"), names.epoch_key(cluster)
    found = _find(snapshots, cluster)
    if found is None:
        left = _left(snapshots, cluster, url, {}, (of,))
        new = Epoch(url, 1, homes=_others(url, of), left=left)
        snapshots.store.put_if_absent(key, _encode(snapshots, cluster, new))
        return new
    known = found.epoch
    if known.state_store == url:
        if not of or known.homes is None or is_among(of, (url, *known.homes)):
            return known
        left = _left(snapshots, cluster, url, known.left, (of,))
        new = replace(known, homes=_others(url, *known.homes, of), left=left)
    else:
        before = () if known.vacant else (*(known.homes or ()), known.state_store)
        number = min(known.number + 1, MOST)
        new = Epoch(
            url,
            number,
            past=known.past,
            homes=_others(url, *before, of),
            past_of=known.past_of,
            left=_left(snapshots, cluster, url, known.left, (known.state_store, of)),
        )
    _replace(snapshots, cluster, new, found.tag)
    return new


def _left(
    snapshots: SnapshotStore, cluster: str, url: str, before: Mapping[str, str], now: Sequence[str]
) -> dict[str, str]:
    """Return the newest snapshot of each home that is not `url`; those of `before` stay as known.

    A LIST for each that the cluster leaves `now`, and a GET or a few.
    """
    left = {home: newest for home, newest in before.items() if not is_same(home, url)}
    for home in _others(url, *now):
        if not is_among(home, left):
            left[home] = _newest_of(snapshots, cluster, (home,))
    return left


def _others(url: str, *homes: str) -> tuple[str, ...]:
    """Return the homes that are not `url`, each once."""
    return tuple(dict.fromkeys(one for one in homes if one and not is_same(one, url)))


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
        known = found.epoch
        homes = (*(known.homes or ()), known.state_store)
        newest = _newest_of(snapshots, cluster, homes) or known.past
        nowhere = Epoch("", known.number, past=newest, past_of=_past_of(known))
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
    known = found.epoch
    newest = _newest_of(snapshots, cluster, (*(known.homes or ()), known.state_store)) or known.past
    if newest > known.past:
        new = replace(known, past=newest, past_of=_past_of(known))
        _replace(snapshots, cluster, new, found.tag)
    return newest


def _past_of(known: Epoch) -> tuple[str, ...]:
    """Return whose snapshots are past where this cluster ends; empty where it is not known."""
    if known.homes is None and known.number > 1:
        return ()
    return (known.state_store, *(known.homes or ()))


def _newest_of(snapshots: SnapshotStore, cluster: str, homes: Collection[str]) -> str:
    """Return the newest snapshot of a cluster that lived in `homes`; empty: there is none.

    What cannot be read, or is of another cluster of that name, ends nothing: whoever plants a
    manifest with a late id would make all that comes later past.
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
    found = Epoch(
        stored.state_store,
        stored.number,
        stored.ends,
        stored.past,
        stored.unregistered,
        stored.homes,
        stored.past_of,
        stored.left,
    )
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
    date = written(snapshots.store, document.key) or _NEVER
    if since is not None and date - order.SLACK > names.moment(since):
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
    fields = {name: value for name, value in asdict(epoch).items() if value is not None}
    return signed.encode(
        "epoch",
        names.epoch_key(cluster),
        {**fields, "cluster": cluster, "at": snapshots.now().isoformat(timespec="seconds")},
        store=ready_to_write(snapshots),
        signing_key=snapshots.keys.signing_key,
    )
