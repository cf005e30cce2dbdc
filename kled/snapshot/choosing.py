"""Choosing the snapshot that a person means by an id, by `latest` or by `newest`.

`latest` is the newest trustworthy snapshot (`trust`), which restores and hints use. `newest` is the
newest of all, trustworthy or not, which checks use.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.sentences import and_more, options
from kled.snapshot.documents import names
from kled.snapshot.epoch import epoch
from kled.snapshot.epoch.raising import raise_command
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.before_keys import speaks_against
from kled.snapshot.trust.judging import Judged, Listing, judge, read_listing
from kled.snapshot.trust.ledger import Ledger, read_ledger
from kled.snapshot.trust.origin import Origins
from kled.snapshot.trust.trust import sum_up
from kled.storage.base import ObjectStore
from kled.store_urls import of_store
from kled.visible import visible

LATEST: Final = "latest"
NEWEST: Final = "newest"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """The snapshot that was meant."""

    ref: SnapshotRef
    passed: tuple[Judged, ...] = ()
    """Newer snapshots that cannot be trusted, newest first, each with the reasons."""

    foreign: tuple[Judged, ...] = ()
    """Newer snapshots of clusters of that name in other state stores, newest first."""
    aside: tuple[str, ...] = ()
    """Newer snapshots that can be trusted and are left aside on purpose."""
    why_aside: str = ""
    """Why they are left aside."""
    judged: Judged | None = None
    """The judgement of `ref`, where choosing needed one; it saves asking the store again."""

    def passed_over(self) -> tuple[str, ...]:
        """Say why each newer snapshot was passed over; all foreign ones share one line."""
        own = (
            f"{judged.ref.id} is newer and cannot be trusted: {sum_up(judged.trust.reasons)}"
            for judged in self.passed
        )
        others = [f"{judged.ref.id} is newer, and {judged.foreign}" for judged in self.foreign]
        return (*own, *filter(None, [sum_up(others), self.why_aside]))


def choose(
    snapshots: SnapshotStore, cluster: str, snapshot: str, *, state: ObjectStore | None = None
) -> SnapshotRef:
    """Return the snapshot that `make_choice` finds."""
    return make_choice(snapshots, cluster, snapshot, state=state).ref


def make_choice(  # noqa: PLR0913 - which one, of whose, and what is known already
    snapshots: SnapshotStore,
    cluster: str,
    snapshot: str,
    *,
    state: ObjectStore | None = None,
    ledger: Ledger | None = None,
    origins: Origins | None = None,
    without: Collection[str] = (),
) -> Choice:
    """Return the snapshot of that id, for `latest` the newest trusted, for `newest` the newest.

    Snapshots with the ids `without` are left out.

    `state` is the state store at hand: it is asked which snapshot it remembers as the newest, and
    snapshots of clusters of that name in other state stores are left out (`origin`). Passing a
    `ledger` that was read already saves reading it. Raises `SnapshotMissing` where there is none,
    and `SnapshotNotTrustworthy` where none can be trusted, the newest one was removed other than by
    a prune, or a newer one may be hidden: then a person must name one. Raises `InvalidInput` for
    any other text.
    """
    if snapshot not in {LATEST, NEWEST}:
        names.moment(snapshot)
        return Choice(SnapshotRef(names.check_cluster(cluster), snapshot))
    origins = origins or Origins(ledger or read_ledger(snapshots, state))
    ledger = origins.ledger
    listing = read_listing(snapshots, cluster)
    ids = ledger.oldest_first(cluster, (ref.id for ref in listing.refs))
    _require_whole(ledger, cluster, ids, origins)
    ids = tuple(snapshot_id for snapshot_id in ids if snapshot_id not in without)
    if not ids:
        raise snapshots.nothing(cluster)
    if snapshot == NEWEST:
        return Choice(_newest_own(snapshots, cluster, ids, origins))
    return _newest_trusted(snapshots, cluster, ids, listing, origins)


def judge_choice(chosen: Choice, origins: Origins | None, ledger: Ledger) -> Judged:
    """Return the judgement of the chosen snapshot; the store is asked where choosing did not.

    Costs a LIST and what `judging.judge` costs, and raises as that does.
    """
    if chosen.judged is not None:
        return chosen.judged
    listing = read_listing(ledger.snapshots, chosen.ref.cluster)
    return judge(ledger.snapshots, chosen.ref, listing, ledger.named, origins=origins, blobs=True)


def _newest_own(
    snapshots: SnapshotStore, cluster: str, ids: Sequence[str], origins: Origins
) -> SnapshotRef:
    """Return the cluster's own newest snapshot, damaged or not: the check tells of damage."""
    foreign = ""
    for snapshot_id in reversed(ids):
        ref = SnapshotRef(cluster, snapshot_id)
        try:
            origin = origins.foreign(snapshots.manifest(ref))
        except SnapshotMissing:
            continue
        except SnapshotNotTrustworthy:
            return ref
        if not origin:
            return ref
        foreign = foreign or f"{snapshot_id}: {origin}"
    nothing = snapshots.nothing(cluster)
    raise SnapshotMissing(f"{nothing.message} ({foreign})", hint=nothing.hint)


def _newest_trusted(
    snapshots: SnapshotStore, cluster: str, ids: Sequence[str], listing: Listing, origins: Origins
) -> Choice:
    """Go back from the newest snapshot, within the history of the cluster that lives now.

    Where an earlier cluster of that name ended is asked only once the newest snapshot turned out
    untrustworthy. Snapshots of clusters of that name in other state stores are stepped over.
    """
    passed: list[Judged] = []
    foreign: list[Judged] = []
    earlier = ""
    for snapshot_id in reversed(ids):
        ref = SnapshotRef(cluster, snapshot_id)
        try:
            named = origins.ledger.named
            judged = judge(snapshots, ref, listing, named, origins=origins, blobs=True)
        except SnapshotMissing:  # pruned since it was listed
            continue
        if judged.foreign:
            foreign.append(judged)
        elif passed and judged.manifest is not None and origins.is_past(judged.manifest):
            earlier = snapshot_id
            break
        elif judged.manifest and (why := speaks_against(origins.ledger, judged.manifest)):
            passed.append(judged.against(why))
        elif judged.trust.trusted:
            _require_unaltered(snapshots, passed, ref)
            guessed = judged.manifest is not None and origins.is_guessed(judged.manifest)
            if guessed and len(ids) > 1:
                _require_one_origin(origins, cluster, ids)
            return Choice(ref, tuple(passed), tuple(foreign), judged=judged)
        else:
            passed.append(judged)
    raise _none_trusted(cluster, passed, foreign, earlier, origins.ledger.here)


def _require_unaltered(
    snapshots: SnapshotStore, passed: Sequence[Judged], ref: SnapshotRef
) -> None:
    """Raise where, in a signed store, somebody without the signing key altered a newer snapshot.

    An attacker who cannot forge a snapshot could damage the newest to have an older one restored.
    """
    altered = [judged for judged in passed if judged.altered]
    if snapshots.verification_keys and altered:
        raise SnapshotNotTrustworthy(
            f"snapshot {altered[0].ref.id} of {ref.cluster} is not in the store as it was written:"
            f" {sum_up(altered[0].trust.reasons)}",
            hint="find out who changed it; to use the newest that can be trusted, name it:"
            f" {ref.id}",
        )


def _require_one_origin(origins: Origins, cluster: str, ids: Sequence[str]) -> None:
    """Raise where the snapshots of a cluster come from several state stores; a GET for each.

    Only a person can say which of those clusters is meant.
    """
    newest: dict[str, str] = {}
    for snapshot_id in reversed(ids):
        with suppress(SnapshotMissing, SnapshotNotTrustworthy):
            manifest = origins.ledger.snapshots.manifest(SnapshotRef(cluster, snapshot_id))
            url = manifest.state_store
            if not origins.foreign(manifest) and of_store(newest, url) is None:
                newest[url] = snapshot_id
    if len(newest) > 1:
        shown = "; ".join(f"{snapshot_id} of {visible(url)}" for url, snapshot_id in newest.items())
        raise SnapshotNotTrustworthy(
            f'which cluster "{cluster}" is meant is not sure: its snapshots are of several state'
            f" stores, and no epoch tells where it lived: {shown}",
            hint="find out which of them it lived in, and name its snapshot by its id",
        )


def _none_trusted(
    cluster: str,
    passed: Sequence[Judged],
    foreign: Sequence[Judged],
    earlier: str,
    here: str | None,
) -> SnapshotNotTrustworthy:
    """Return the error of a cluster without a snapshot that counts; `foreign` ones are told, too.

    They may well be its own: those of a state store that was renamed or copied.
    """
    reasons = [f"{judged.ref.id}: {sum_up(judged.trust.reasons)}" for judged in passed[:_SHOWN]]
    others = [f"{judged.ref.id}: {judged.foreign}" for judged in foreign[:1]]
    others = [f"{told}{and_more(len(foreign), 1, before=', ')}" for told in others]
    of_earlier = f"{earlier} is of an earlier cluster of that name" if earlier else ""
    more = and_more(len(passed), _SHOWN)
    shown = "; ".join(filter(None, [*others, *reasons, of_earlier])) + more
    return SnapshotNotTrustworthy(
        f'no snapshot of cluster "{cluster}" can be trusted ({shown})',
        hint=f"{_ways_to(cluster, foreign, here)}to see what one of them would put back:"
        f" kled snapshot restore --name={cluster} --snapshot=ID --untrusted; a second site may have"
        " a better one: kled snapshot list --snapshot-store=URL",
    )


def _ways_to(cluster: str, foreign: Sequence[Judged], here: str | None) -> str:
    """Name both ways to the snapshots of another state store: its new name, or a cluster moved."""
    if not foreign or here is None or foreign[0].manifest is None:
        return ""
    url = visible(foreign[0].manifest.state_store)
    named = options(name=cluster, snapshot=LATEST, of_state_store=url)
    return (
        f"where this state store is {url} under a new name, say so first:"
        f" {raise_command(cluster, here, url)}; to use those of {url} all the same: kled snapshot"
        f" restore {named}; "
    )


def way_back(
    snapshots: SnapshotStore,
    cluster: str,
    *,
    state: ObjectStore | None = None,
    ledger: Ledger | None = None,
) -> str:
    """Return the command that restores a cluster from the newest trustworthy snapshot.

    Where there is none, it is the one that lists what there is, with the reason and what else
    helps. Raises only what may pass.
    """
    try:
        ref = make_choice(snapshots, cluster, LATEST, state=state, ledger=ledger).ref
    except (SnapshotMissing, SnapshotNotTrustworthy) as error:
        listed = f"kled snapshot list --name={cluster} shows what there is: {error.message}"
        return "; ".join(filter(None, (listed, error.hint)))
    return f"kled snapshot restore --name={cluster} --snapshot={ref.id} --yes"


def walk_newest_first(
    snapshots: SnapshotStore, cluster: str, state: ObjectStore | None = None
) -> Iterator[Judged]:
    """Yield the snapshots of a living cluster, newest first; each is read when it is asked for.

    Snapshots of an earlier, deleted cluster of that name are left out, and so are those of clusters
    of that name in other state stores. For a cluster that was deleted and never made again, nothing
    is yielded.
    """
    known = epoch.read(snapshots, cluster)
    origins = Origins(read_ledger(snapshots, state), _epochs={cluster: known})
    if origins.is_vacant(cluster):
        return
    ledger, listing = origins.ledger, read_listing(snapshots, cluster)
    for snapshot_id in reversed(ledger.oldest_first(cluster, (ref.id for ref in listing.refs))):
        ref = SnapshotRef(cluster, snapshot_id)
        try:
            judged = judge(snapshots, ref, listing, ledger.named, origins=origins)
        except SnapshotMissing:
            continue
        if not (judged.foreign or (judged.manifest and origins.is_past(judged.manifest))):
            yield judged.against(speaks_against(ledger, judged.manifest) if judged.manifest else "")


def _require_whole(ledger: Ledger, cluster: str, ids: tuple[str, ...], origins: Origins) -> None:
    """Raise where a newer snapshot than the last of `ids` may have existed."""
    gone = ledger.missing((SnapshotRef(cluster, snapshot_id) for snapshot_id in ids), cluster)
    if not gone and not ledger.doubts:
        return
    hint = _newest_left(ledger, cluster, ids, origins)
    if gone:
        raise SnapshotNotTrustworthy(
            f'the newest snapshot of cluster "{cluster}", {gone[-1].id}, was removed from'
            f" {ledger.snapshots.url}, and not by a prune",
            hint=hint,
        )
    raise SnapshotNotTrustworthy(
        f'which snapshot of cluster "{cluster}" is the newest is not sure: {ledger.doubts[0]}',
        hint=hint,
    )


def _newest_left(ledger: Ledger, cluster: str, ids: tuple[str, ...], origins: Origins) -> str:
    """Say which snapshot may be named instead: the cluster's newest that can be read."""
    for snapshot_id in reversed(ids):
        with suppress(SnapshotMissing, SnapshotNotTrustworthy):
            if not origins.foreign(ledger.snapshots.manifest(SnapshotRef(cluster, snapshot_id))):
                return f"to use the newest that is left, name it: {snapshot_id}"
    return "a second site may have it: kled snapshot list --snapshot-store=URL"


def find_removed(
    snapshots: SnapshotStore, newest: Mapping[str, str], ledger: Ledger | None = None
) -> tuple[tuple[str, str], ...]:
    """Return clusters and ids that the newest runs name and that are newer than the listed ones.

    `newest` is the newest listed id of each cluster.
    """
    ledger = ledger or read_ledger(snapshots)
    present = [SnapshotRef(*pair) for pair in newest.items()]
    return tuple(
        (ref.cluster, ref.id)
        for ref in ledger.missing(present)
        if ref.id > newest.get(ref.cluster, "")
    )
