"""Prune documents: which snapshots were removed on purpose, and what that freed.

`prunes/<id>.json` is written before the first manifest is removed. It distinguishes a snapshot that
the retention policy removed from one that somebody deleted. It therefore counts only where it is
signed with a configured key or, in a store that began without signatures, where it is older than
the first signed document.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, TypeAdapter

from kled.errors import ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot.documents import names, signed
from kled.snapshot.repository import SnapshotRef, SnapshotStore

if TYPE_CHECKING:
    from kled.snapshot.documents.root import RootState

_Cluster = Annotated[str, AfterValidator(names.check_cluster)]
_Id = Annotated[str, AfterValidator(names.check_id)]
_Key = Annotated[str, AfterValidator(names.check_payload)]


@dataclass(frozen=True, slots=True)
class _Prune:
    """The fields of a prune's document, in either format."""

    removed: tuple[tuple[_Cluster, _Id], ...] = ()
    freed: tuple[_Key, ...] = ()


_model: Final = TypeAdapter(_Prune)


@dataclass(frozen=True, slots=True)
class Prunes:
    """What several prune documents say together."""

    removed: frozenset[SnapshotRef] = frozenset()
    freed: frozenset[str] = frozenset()
    """Keys of payloads."""
    findings: tuple[str, ...] = ()
    """What is wrong with documents that could not be used."""
    unreadable: tuple[str, ...] = ()
    """The ids of the documents that could not be used."""

    def unreadable_before(self, moment: datetime) -> bool:
        """Say whether an unusable document is from before `moment`."""
        return any(names.moment(prune_id) < moment for prune_id in self.unreadable)


def write(
    snapshots: SnapshotStore,
    removed: Sequence[SnapshotRef],
    freed: Collection[str],
    *,
    store: str | None,
) -> str:
    """Record what is about to be removed and what that frees; return the document's key."""
    prune_id = snapshots.new_id()
    key = names.prune_key(prune_id)
    fields = {
        "at": snapshots.now().isoformat(timespec="seconds"),
        "removed": [[ref.cluster, ref.id] for ref in removed],
        "freed": sorted(freed),
    }
    body = signed.encode("prune", key, fields, store=store, signing_key=snapshots.keys.signing_key)
    snapshots.store.put_if_absent(key, body)
    return key


def read(snapshots: SnapshotStore, after: str, root: "RootState", since: str | None) -> Prunes:
    """Return what the prunes with ids after `after` say; damaged and forged ones are findings.

    A prune removes only older snapshots, so whatever a document says of younger ones is ignored.
    `since` is the first signed document of the store.
    """
    removed: set[SnapshotRef] = set()
    freed: set[str] = set()
    findings: list[str] = []
    unreadable: list[str] = []
    for entry in snapshots.store.entries(names.PRUNES, start_after=names.PRUNES + after):
        prune_id = entry.key.removeprefix(names.PRUNES).removesuffix(".json")
        if not names.is_id(prune_id):
            continue
        try:
            document = signed.read(snapshots.store, "prune", entry.key, snapshots.verification_keys)
            require_counts(snapshots, document, prune_id, root, since)
            said = document.require(_model)
        except ObjectMissing:
            continue
        except SnapshotNotTrustworthy as error:
            findings.append(error.message)
            unreadable.append(prune_id)
            continue
        removed |= {SnapshotRef(*pair) for pair in said.removed if pair[1] < prune_id}
        freed |= set(said.freed)
    return Prunes(frozenset(removed), frozenset(freed), tuple(findings), tuple(unreadable))


def require_counts(
    snapshots: SnapshotStore,
    document: signed.Document,
    document_id: str,
    root: "RootState",
    since: str | None,
) -> None:
    """Raise `SnapshotNotTrustworthy` for an unsigned document where signed ones are expected."""
    if (
        snapshots.verification_keys
        and not document.signed
        and since is not None
        and document_id >= since
    ):
        raise SnapshotNotTrustworthy(
            f"{document.key} is not signed, though the store's documents are since {since}"
        )
    if root.store and document.store and document.store != root.store:
        raise SnapshotNotTrustworthy(f"{document.key} was written for another snapshot store")
