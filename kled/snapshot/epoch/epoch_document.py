"""The document of an epoch: how it is read, proved and written."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, TypeAdapter

from kled.errors import ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot.documents import names, signed
from kled.snapshot.documents.runs import ClusterName, Number
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.trust import order
from kled.snapshot.trust.ledger import prepare_to_write, read_ledger
from kled.storage.bounded import written

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Where a cluster has lived since its number was raised last."""

    state_store: str
    """Its URL; empty after the cluster was deleted."""
    number: Number
    ends: bool = False
    """Whether a deletion has begun there; parts of the cluster may be gone by now."""
    past: str = ""
    """The newest snapshot when a cluster of this name was deleted, or began anew with other keys:
    it and older ones are of that cluster, not of the one that lives now."""
    unregistered: bool = False
    """Whether its definition was removed from that state store on purpose; its machines run on."""
    homes: tuple[str, ...] | None = field(default=(), compare=False)
    """URLs of the state stores where the cluster lived before it came to this one; None: an earlier
    kled wrote it, which did not say."""
    past_of: tuple[str, ...] = field(default=(), compare=False)
    """URLs of the state stores of the cluster that is `past`: snapshots of others are none of its.
    Empty: an earlier kled did not say, and all are."""
    left: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The newest snapshot of each home when the cluster had moved from there, by its URL; empty:
    there was none. What is taken there later is of what the move left behind."""

    final: str | None = field(default=None, compare=False)
    """The snapshot of a whole deleted cluster, right before a deletion that left nothing, as was
    proved: no machine has lived by other keys since. None where that is not known."""

    @property
    def vacant(self) -> bool:
        """Whether the cluster lives nowhere: any state store may be its next one."""
        return not self.state_store


def _check_past(text: str) -> str:
    return text and names.check_id(text)


@dataclass(frozen=True, slots=True)
class _Stored(Epoch):
    """The fields of the document; format 1 lacks the cluster's name."""

    past: Annotated[str, AfterValidator(_check_past)] = ""
    homes: tuple[str, ...] | None = None
    left: dict[str, Annotated[str, AfterValidator(_check_past)]] = field(default_factory=dict)
    final: Annotated[str, AfterValidator(names.check_id)] | None = None
    cluster: ClusterName | None = None


class StoredEpoch(NamedTuple):
    """An epoch as it is stored."""

    epoch: Epoch
    tag: str
    signed: bool


_model: Final = TypeAdapter(_Stored)


def find(snapshots: SnapshotStore, cluster: str) -> StoredEpoch | None:
    """Return the cluster's epoch; None where there is none.

    Raises `SnapshotNotTrustworthy` where it is damaged, or is not signed though it should be.
    """
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
    epoch = Epoch(
        stored.state_store,
        stored.number,
        stored.ends,
        stored.past,
        stored.unregistered,
        stored.homes,
        stored.past_of,
        stored.left,
        stored.final,
    )
    return StoredEpoch(epoch, document.tag, document.signed)


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


def overwrite(snapshots: SnapshotStore, cluster: str, epoch: Epoch, tag: str) -> None:
    """Write the epoch over the one of that tag; `PreconditionFailed` where it is another by now."""
    body = encode(snapshots, cluster, epoch)
    snapshots.store.replace(names.epoch_key(cluster), body, tag)


def encode(snapshots: SnapshotStore, cluster: str, epoch: Epoch) -> bytes:
    """Return the document; raise `InvalidInput` where it must be signed and cannot be."""
    fields = {name: value for name, value in asdict(epoch).items() if value is not None}
    return signed.encode(
        "epoch",
        names.epoch_key(cluster),
        {**fields, "cluster": cluster, "at": snapshots.now().isoformat(timespec="seconds")},
        store=prepare_to_write(snapshots),
        signing_key=snapshots.keys.signing_key,
    )
