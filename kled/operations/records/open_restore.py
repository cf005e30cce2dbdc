"""A restore on record until it has ended, so that the same command goes on with it.

`<state-store>/.kled/restores/<cluster>.json`, in the state store that is written to, by the holder
of the lease of that place alone. `latest` is put on record before the present state is snapshotted,
which is the newest snapshot from then on: `latest` keeps its first meaning. From the first write
on, the place holds a part of one snapshot over something else. The record of a restore of `latest`
stays after it has ended, so that repeating the command does not take back what it did.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from kled.documents import Fields
from kled.errors import DocumentDamaged, NotApproved, SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store.layout import is_cluster_name
from kled.operations.guards.guards import LeasePlace
from kled.operations.records.record import Record
from kled.operations.recovery.taken_there import snapshots_taken_from
from kled.operations.session import Session
from kled.operations.stores import Stores

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Wish
    from kled.snapshot.choosing import Choice
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.snapshot.trust.origin import Origins
    from kled.storage.base import ObjectStore

RestoreStage = Literal["announced", "begun", "ended"]
_SO_FAR: Final[dict[str, tuple[RestoreStage, str]]] = {
    "announced": ("announced", "was about to begin"),
    "begun": ("begun", "has begun and has not ended"),
    "ended": ("ended", "has ended"),
}
_MOST_ASIDE: Final = 4
"""Snapshots that `latest` passes over, for a restore that was killed so often before it began."""
_LARGEST_PLAN: Final = 1 << 20
"""Characters of a plan on record; a larger one has to be approved again before it goes on."""
ALL: Final = frozenset({"identity", "intent", "derived", "etcd-backup"})


@dataclass(frozen=True, slots=True)
class OpenRestore:
    """A restore that has not ended, or the last restore of `latest`, which has."""

    of: str
    """The cluster of the snapshot."""
    snapshot: str
    """The id of the snapshot."""
    before: str | None
    """The id of the snapshot of the state before it; None where none was taken."""
    by_latest: bool
    """Whether it was asked for as `latest`."""
    aside: tuple[str, ...]
    """The newer snapshots of the state before it, which `latest` passes over."""
    classes: tuple[str, ...]
    state: RestoreStage = "begun"
    digest: str = ""
    """Of the plan that was approved at first; empty where it is too long to be kept."""
    plan: tuple[Any, ...] = ()
    """The content of that digest (`kled.snapshot.restore.planned_changes`)."""

    @property
    def is_halfway(self) -> bool:
        """Whether it may have written a part."""
        return self.state == "begun"

    @property
    def so_far(self) -> str:
        """How far it came, as a phrase."""
        return _SO_FAR[self.state][1]

    def is_covered_by(self, wish: "Wish") -> bool:
        """Say whether fulfilling the wish leaves nothing of it to do."""
        return not self.is_halfway or set(self.classes) <= set(wish.classes)

    def is_done_by(self, wish: "Wish", snapshot: str) -> bool:
        """Say whether the wish for that snapshot is this restore."""
        return (self.of, self.snapshot) == (wish.cluster, snapshot)

    def is_meant_by(self, wish: "Wish") -> bool:
        """Say whether `latest` in the wish may mean it."""
        return self.by_latest and set(wish.classes) <= set(self.classes)


def _open_restore_of(fields: Fields, _cluster: str) -> OpenRestore:
    record = OpenRestore(
        fields.text("of"),
        fields.text("snapshot"),
        fields.text("before") if "before" in fields else None,
        fields.flag("by_latest"),
        fields.texts("aside"),
        fields.texts("classes"),
        _state_of(fields.text("state")),
        fields.text("digest"),
        fields.array("plan"),
    )
    _require_names(record)
    return record


def _state_of(text: str) -> RestoreStage:
    if text not in _SO_FAR:
        raise ValueError("it is in no state that kled knows")
    return _SO_FAR[text][0]


def _require_names(record: OpenRestore) -> None:
    """Raise `ValueError` for invalid names, since commands that people type are made of them."""
    from kled.snapshot.documents import names  # noqa: PLC0415 - not for --help

    if not is_cluster_name(record.of):
        raise ValueError("it is of no name that a cluster can have")
    if not all(map(names.is_id, filter(None, [record.snapshot, record.before, *record.aside]))):
        raise ValueError("it names a snapshot by what is not an id")


RECORD: Final[Record[OpenRestore]] = Record(
    "restores",
    "kled.io/restore/v1",
    asdict,
    _open_restore_of,
    droppable=False,  # without it `latest` would mean the damage that the restore was to mend
    advice="which snapshot was being restored cannot be read: name one, by its id (kled snapshot"
    " list --name={cluster}): kled snapshot restore --name={cluster} --snapshot=ID writes the"
    " record again",
)


def choose_latest(opened: Stores, wish: "Wish", origins: "Origins") -> "Choice":
    """Return the snapshot that `latest` means, considering an open restore of it. Only reads.

    Where the newest trusted snapshots are those that the restore itself took of the earlier state,
    the restore's own snapshot is meant, provided that it is the newest beside those. Raises as
    `choosing.choice` does, `NotApproved` where two snapshots may be meant, and `DocumentDamaged`.
    """
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415 - not for --help
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415

    snapshots, begun = origins.ledger.snapshots, _on_record(opened, wish.place)
    if begun is None or begun.of != wish.cluster:
        return make_choice(snapshots, wish.cluster, LATEST, origins=origins)
    own = _of_the_place(opened, wish, begun, origins)
    chosen = make_choice(snapshots, wish.cluster, LATEST, origins=origins, without=own)
    newest = chosen.ref.id
    if begun.snapshot == newest:
        return chosen
    if begun.state == "ended" and newest not in begun.aside:  # taken since
        return chosen
    aside = _aside(wish, begun, origins, own) if begun.is_meant_by(wish) else ()
    if newest not in aside:
        raise _unsure(wish, begun, newest)
    return replace(
        chosen,
        ref=SnapshotRef(wish.cluster, begun.snapshot),
        judged=None,
        aside=aside,
        why_aside=f"{newest} is newer, and is what was there before the restore of"
        f" {begun.snapshot}, which {begun.so_far}",
    )


def _on_record(opened: Stores, place: LeasePlace) -> OpenRestore | None:
    return RECORD.read_in(opened.at(place), place.cluster) if _has_record(place) else None


def is_halfway(store: "ObjectStore", wish: "Wish") -> bool:
    """Say whether this restore of keys has written a part there. Only reads.

    The checks before its first write need no repetition for the rest.
    """
    if not _is_on_record(wish):
        return False
    try:
        begun = RECORD.read_in(store, wish.place.cluster)
    except DocumentDamaged:
        return False
    if begun is None or not begun.is_halfway or not begun.is_done_by(wish, wish.snapshot):
        return False
    return {"identity", "derived"} <= set(begun.classes)


def _is_on_record(wish: "Wish") -> bool:
    """Say whether the restore is put on record; one of instance groups alone cannot be halfway."""
    return _has_record(wish.place) and not wish.groups


def _has_record(place: LeasePlace) -> bool:
    return "/" not in place.cluster


def _of_the_place(
    opened: Stores, wish: "Wish", begun: OpenRestore, origins: "Origins"
) -> frozenset[str]:
    """Return the snapshots of another place taken since its restore: none of them is the source.

    A GET for each newer one. Where the cluster lives there by now, they are its own.
    """
    if wish.to is None or origins.lives_in(wish.cluster, wish.to):
        return frozenset()
    url, snapshots = opened.at(wish.place).location.url, origins.ledger.snapshots
    return snapshots_taken_from(snapshots, wish.cluster, url, after=begun.snapshot)


def _aside(
    wish: "Wish", begun: OpenRestore, origins: "Origins", own: Collection[str]
) -> tuple[str, ...]:
    """Return the newer trusted snapshots, if all of them are of the state before the restore.

    From the restore's first write on they are on record; until then they are all newer ones. Empty
    where there are others: the record may be old, or somebody else's.
    """
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415 - not for --help

    snapshots = origins.ledger.snapshots
    aside: list[str] = []
    with suppress(SnapshotMissing, SnapshotNotTrustworthy):
        while len(aside) <= _MOST_ASIDE:
            without = {*own, *aside}
            newest = make_choice(
                snapshots, wish.cluster, LATEST, origins=origins, without=without
            ).ref.id
            if newest == begun.snapshot:
                return tuple(aside)
            if begun.state != "announced" and newest not in begun.aside:
                break
            aside.append(newest)
    return ()


def _unsure(wish: "Wish", begun: OpenRestore, newest: str) -> NotApproved:
    kept = ", which holds what was there before" if newest == begun.before else ""
    return NotApproved(
        f"a restore of snapshot {begun.snapshot} into {wish.place.cluster} {begun.so_far}, and"
        f" latest is {newest} by now{kept}: which of the two is meant is not sure; nothing was"
        " changed",
        hint=f"that one: {wish.again(snapshot=begun.snapshot)}; what is latest by now:"
        f" {wish.again(snapshot=newest)}",
    )


def is_approved(opened: Stores, wish: "Wish", planned: "RestorePlan", digest: str) -> bool:
    """Say whether `planned` is the rest of an approved plan that was begun. Only reads."""
    from kled.snapshot.restore.planned_changes import are_rest, digest_of  # noqa: PLC0415

    try:
        begun = _on_record(opened, wish.place)
    except DocumentDamaged:
        return False
    if begun is None or not begun.is_halfway or not begun.digest.startswith(digest):
        return False
    return digest_of(begun.plan) == begun.digest and are_rest(planned.changes, begun.plan)


def announce(session: Session, wish: "Wish", planned: "RestorePlan") -> None:
    """Put on record what `latest` means, before the present state gets a newer snapshot.

    Does nothing for a snapshot named by its id, and where a restore is halfway already. Safe to
    repeat and to kill.
    """
    known, _ = _known(session.stores, wish)
    if planned.is_empty or not wish.is_latest or not _is_on_record(wish):
        return
    if known is not None and known.is_halfway:
        return
    announced = replace(_begun(wish, planned, None), state="announced", digest="", plan=())
    _write(session, wish, announced)


def begin(session: Session, wish: "Wish", planned: "RestorePlan") -> bool:
    """Put the restore on record before it writes; say whether an earlier one is halfway there.

    The session's `before` is the snapshot of the earlier state.

    Safe to repeat and to kill. An earlier restore that is halfway stays on record where this one
    does not do all of it.
    """
    known, stays = _known(session.stores, wish)
    goes_on = known is not None and known.is_halfway
    if planned.is_empty or stays or not _is_on_record(wish):
        return goes_on
    begun = _begun(wish, planned, session.before)
    if known is not None and known.is_halfway and known.is_done_by(wish, planned.manifest.id):
        begun = replace(
            begun,
            before=known.before,
            by_latest=begun.by_latest or known.by_latest,
            aside=known.aside,
            digest=known.digest,
            plan=known.plan,
        )
        session.before = known.before or session.before
    _write(session, wish, begun)
    return goes_on


def _begun(wish: "Wish", planned: "RestorePlan", before: str | None) -> OpenRestore:
    from kled.snapshot.restore.planned_changes import size_of  # noqa: PLC0415 - not for --help

    aside = dict.fromkeys((*(wish.aside or ()), *([before] if before else [])))
    changes = tuple(planned.changes)
    kept = size_of(changes) <= _LARGEST_PLAN
    return OpenRestore(
        wish.cluster,
        planned.manifest.id,
        before,
        wish.is_latest,
        tuple(aside),
        wish.classes,
        digest=planned.digest if kept else "",
        plan=changes if kept else (),
    )


def end(session: Session, wish: "Wish", planned: "RestorePlan", *, moves: bool) -> None:
    """Put on record that the restore has ended, after its last write. Safe to repeat and to kill.

    Where it `moves` the cluster a snapshot of the place is taken next, which is not its source.
    """
    known, stays = _known(session.stores, wish)
    if stays or not _is_on_record(wish):
        return
    done = known is not None and known.is_done_by(wish, planned.manifest.id)
    if known is None or not (done and known.by_latest and (known.aside or moves)):
        store = session.stores.at(wish.place)
        RECORD.forget(session, wish.place.cluster, store=store)
    elif known.state != "ended":
        _write(session, wish, replace(known, state="ended", digest="", plan=()))


def _write(session: Session, wish: "Wish", restore: OpenRestore) -> None:
    RECORD.write(session, wish.place.cluster, restore, store=session.stores.at(wish.place))


def _known(opened: Stores, wish: "Wish") -> tuple[OpenRestore | None, bool]:
    """Return the open restore, and whether it stays on record because this one does only a part.

    A damaged record counts as none for a restore of a whole snapshot that is named by its id.
    """
    try:
        known = _on_record(opened, wish.place)
    except DocumentDamaged:
        return None, not set(wish.classes) >= ALL
    return known, known is not None and not known.is_covered_by(wish)
