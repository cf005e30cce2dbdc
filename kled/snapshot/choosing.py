"""From what people type to a snapshot: its id, `latest` or `newest`.

`latest` is the newest that can be trusted (`trust`): what a restore and a hint mean. `newest` is
the newest of all, whatever it is worth: what a check means.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot import epoch, names
from kled.snapshot.judging import Judged, Shelf, judge, shelf
from kled.snapshot.ledger import Ledger, read_ledger
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust import brief
from kled.storage.base import ObjectStore

LATEST: Final = "latest"
NEWEST: Final = "newest"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """The snapshot that was meant."""

    ref: SnapshotRef
    passed: tuple[Judged, ...] = ()
    """Newer ones that `latest` is not, newest first, each with the reasons."""

    def passed_over(self) -> tuple[str, ...]:
        """Say of each newer one why it was passed over."""
        return tuple(
            f"{one.ref.id} is newer and cannot be trusted: {brief(one.trust.reasons)}"
            for one in self.passed
        )


def choose(
    snapshots: SnapshotStore, cluster: str, snapshot: str, *, state: ObjectStore | None = None
) -> SnapshotRef:
    """Return the snapshot that `choice` finds."""
    return choice(snapshots, cluster, snapshot, state=state).ref


def choice(
    snapshots: SnapshotStore,
    cluster: str,
    snapshot: str,
    *,
    state: ObjectStore | None = None,
    ledger: Ledger | None = None,
) -> Choice:
    """Return the snapshot of that id, for `latest` the newest trusted, for `newest` the newest.

    `state` is asked which snapshot it remembers as the newest; a `ledger` that was read already
    saves reading it. Raises `SnapshotMissing` where there is none, and `SnapshotNotTrustworthy`
    where none can be trusted, the newest one was removed by somebody else than a prune, or a newer
    one may be hidden: then one must be named. Raises `InvalidInput` for what is none of the three.
    """
    if snapshot not in {LATEST, NEWEST}:
        names.moment(snapshot)
        return Choice(SnapshotRef(names.checked_cluster(cluster), snapshot))
    ledger = ledger or read_ledger(snapshots, state)
    there = shelf(snapshots, cluster)
    ids = ledger.oldest_first(cluster, (ref.id for ref in there.refs))
    _require_whole(ledger, cluster, ids)
    if not ids:
        raise snapshots.nothing(cluster)
    if snapshot == NEWEST:
        return Choice(SnapshotRef(cluster, ids[-1]))
    return _newest_trusted(snapshots, cluster, ids, there, ledger)


def _newest_trusted(
    snapshots: SnapshotStore, cluster: str, ids: Sequence[str], there: Shelf, ledger: Ledger
) -> Choice:
    """Go back from the newest, but not from a cluster to an earlier one with other keys.

    Where that one ended is asked only when the newest cannot be trusted.
    """
    past: str | None = None
    passed: list[Judged] = []
    for snapshot_id in reversed(ids):
        if passed and past is None:
            past = _end_of_earlier(snapshots, cluster)
        if passed and snapshot_id <= (past or ""):
            break
        ref = SnapshotRef(cluster, snapshot_id)
        try:
            found = judge(snapshots, ref, there, ledger.named, blobs=True)
        except SnapshotMissing:  # pruned since it was listed
            continue
        if found.trust.trusted:
            _require_unaltered(snapshots, passed, ref)
            return Choice(ref, tuple(passed))
        passed.append(found)
    earlier = [one for one in ids if one <= (past or "")]
    raise _none_trusted(cluster, passed, earlier[-1] if earlier else "")


def _require_unaltered(
    snapshots: SnapshotStore, passed: Sequence[Judged], ref: SnapshotRef
) -> None:
    """Raise where a signed store lost a newer snapshot to somebody who may write, and cannot sign.

    Whoever cannot forge a snapshot would damage the newest one, to have an older one restored.
    """
    altered = [one for one in passed if one.altered]
    if snapshots.verification_keys and altered:
        raise SnapshotNotTrustworthy(
            f"snapshot {altered[0].ref.id} of {ref.cluster} is not in the store as it was written:"
            f" {brief(altered[0].trust.reasons)}",
            hint="find out who changed it; to use the newest that can be trusted, name it:"
            f" {ref.id}",
        )


def _end_of_earlier(snapshots: SnapshotStore, cluster: str) -> str:
    """Return the last snapshot of a deleted cluster of that name, where another one lives now."""
    known = epoch.read(snapshots, cluster)
    return known.past if known is not None and not known.vacant else ""


def _none_trusted(cluster: str, passed: Sequence[Judged], earlier: str) -> SnapshotNotTrustworthy:
    reasons = [f"{one.ref.id}: {brief(one.trust.reasons)}" for one in passed[:_SHOWN]]
    more = f"; and {len(passed) - _SHOWN} more" if len(passed) > _SHOWN else ""
    of_earlier = f"{earlier} is of an earlier cluster of that name" if earlier else ""
    shown = "; ".join(filter(None, [*reasons, of_earlier]))
    return SnapshotNotTrustworthy(
        f'no snapshot of cluster "{cluster}" can be trusted ({shown}{more})',
        hint="to see what one of them would put back:"
        f" kled snapshot restore --name={cluster} --snapshot=ID --untrusted; a second site may have"
        " a better one: kled snapshot list --snapshot-store=URL",
    )


def way_back(
    snapshots: SnapshotStore,
    cluster: str,
    *,
    state: ObjectStore | None = None,
    ledger: Ledger | None = None,
) -> str:
    """Return the command that puts a cluster back as the newest trusted snapshot has it.

    Where there is none it is said why, and what there is. Raises only what may pass.
    """
    try:
        ref = choice(snapshots, cluster, LATEST, state=state, ledger=ledger).ref
    except (SnapshotMissing, SnapshotNotTrustworthy) as error:
        return "; ".join(filter(None, (error.message, error.hint)))
    return f"kled snapshot restore --name={cluster} --snapshot={ref.id} --yes"


def newest_first(
    snapshots: SnapshotStore, cluster: str, state: ObjectStore | None = None
) -> Iterator[Judged]:
    """Yield the snapshots of a cluster that lives now, newest first; each is read when it is asked.

    Those of an earlier cluster of that name, which was deleted, are left out; of one that was
    deleted and not made anew, all are.
    """
    known = epoch.read(snapshots, cluster)
    if known is not None and known.vacant:
        return
    past = known.past if known is not None else ""
    ledger, there = read_ledger(snapshots, state), shelf(snapshots, cluster)
    for snapshot_id in reversed(ledger.oldest_first(cluster, (ref.id for ref in there.refs))):
        if snapshot_id > past:
            try:
                yield judge(snapshots, SnapshotRef(cluster, snapshot_id), there, ledger.named)
            except SnapshotMissing:
                continue


def _require_whole(ledger: Ledger, cluster: str, ids: tuple[str, ...]) -> None:
    """Raise where the last of `ids` need not be the newest there was."""
    hint = (
        f"to use the newest that is left, name it: {ids[-1]}"
        if ids
        else "a second site may have it: kled snapshot list --snapshot-store=URL"
    )
    gone = ledger.missing((SnapshotRef(cluster, one) for one in ids), cluster)
    if gone:
        raise SnapshotNotTrustworthy(
            f'the newest snapshot of cluster "{cluster}", {gone[-1].id}, was removed from'
            f" {ledger.snapshots.url}, and not by a prune",
            hint=hint,
        )
    if ledger.doubts:
        raise SnapshotNotTrustworthy(
            f'which snapshot of cluster "{cluster}" is the newest is not sure: {ledger.doubts[0]}',
            hint=hint,
        )


def removed(
    snapshots: SnapshotStore, newest: Mapping[str, str], ledger: Ledger | None = None
) -> tuple[tuple[str, str], ...]:
    """Return clusters and ids that the newest runs name and that are newer than what is there.

    `newest` is what is there, by cluster.
    """
    ledger = ledger or read_ledger(snapshots)
    present = [SnapshotRef(*pair) for pair in newest.items()]
    return tuple(
        (ref.cluster, ref.id)
        for ref in ledger.missing(present)
        if ref.id > newest.get(ref.cluster, "")
    )
