"""Records that a cluster lives in another state store now, so that the old one refuses changes.

After a recovery into another store nothing else tells which of the two is alive. The epoch is
raised only where the new place has every keyset and secret of a snapshot: a cluster is identified
by its keys, and an epoch that is raised for something else would lock the living cluster out.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kled.errors import ClusterNotFound, SnapshotMissing, SnapshotNotTrustworthy
from kled.operations import ways_back
from kled.operations.fleet.registered import home
from kled.operations.guards.guards import Guards, LeasePlace
from kled.operations.guards.namesakes import ids_of
from kled.operations.guards.taken_snapshot import advise_on_stores, words
from kled.operations.records import origin
from kled.operations.recovery.former_home import left_step, rewrite_step
from kled.operations.recovery.known_epoch import known_epoch
from kled.operations.recovery.taken_there import snapshots_taken_from
from kled.operations.session import Session
from kled.operations.step import ADDS_ONLY, Effect, Step
from kled.retry import CHANGE, READ
from kled.sentences import enumerated, number, options
from kled.snapshot.epoch.raising import raise_command
from kled.store_urls import canonical, is_among, is_same

if TYPE_CHECKING:
    from collections.abc import Callable

    from kled.snapshot.repository import SnapshotRef
    from kled.storage.base import ObjectStore

RAISES: Final = Guards(lease=True, windows=False, epoch="none", snapshot="none", needs_kops=False)
"""Its lease is that of the new place; the epoch is what it changes."""
FIRST: Final = "take its first snapshot there"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class RaiseEpoch:
    """Prove that a place holds a cluster's identity, and record its store as the cluster's home."""

    cluster: str
    snapshot: str = "latest"
    """The snapshot whose keysets and secrets the place must have: an id, or `latest`."""
    state_store: str | None = None
    """URL of the store that counts from now on; None: the one that the settings name."""
    former: str | None = None
    """URL of its former state store, where that one still has the cluster, or is named by the
    definition; the definition is then written with the new place."""

    name = "raise epoch"

    @property
    def guards(self) -> Guards:
        """The guards, for the place that the cluster is to live in."""
        return replace(RAISES, place=LeasePlace(self.cluster, self.state_store))

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""
        place = LeasePlace(self.cluster, self.state_store)
        settled: list[SnapshotRef] = []

        def chosen(session: Session) -> "SnapshotRef":
            settled[:] = settled or [_chosen(session, self, place)]
            return settled[0]  # of the steps after the first one `latest` is the place's own

        return (
            identity_step(self.cluster, place, chosen),
            left_step(self.cluster, place, self.former),
            *([rewrite_step(self.cluster, place, self.former)] if self.former else []),
            first_step(self.cluster, place),
            raise_step(
                self.cluster,
                place,
                of=lambda session: session.snapshot_store.manifest(chosen(session)).state_store,
                former=self.former or "",
            ),
        )


def identity_step(
    cluster: str, place: LeasePlace, chosen: "Callable[[Session], SnapshotRef]"
) -> Step:
    """Prove that `place` holds a definition, and every keyset and secret of a snapshot.

    Safe to repeat: it only reads. Raises `ClusterNotFound` where there is no cluster, and
    `SnapshotNotTrustworthy` where a key differs or is missing.
    """

    def act(session: Session) -> str:
        from kled.snapshot.restore.restore_plan import (  # noqa: PLC0415 - not for --help
            plan_restore,
        )

        kept, store = session.snapshot_store, session.stores.at(place)
        _require_there(store, place)
        manifest = kept.manifest(chosen(session))
        plan = plan_restore(
            kept, manifest, store, cluster_prefix=place.cluster, classes={"identity"}
        )
        if plan.writes:
            keys = [write.record.key for write in plan.writes]
            raise SnapshotNotTrustworthy(
                f"{plan.target}/{plan.prefix} is not the cluster of snapshot {manifest.id}:"
                f" {enumerated(keys, _SHOWN)} differ or are missing",
                hint=f"kled snapshot restore --name={cluster} --snapshot={manifest.id}"
                f" {options(to=plan.target)} puts them there; the epoch stays as it is",
            )
        same = number(len(plan.same), "object")
        return f"the keysets and secrets, {same}, are those of snapshot {manifest.id}"

    return Step("prove identity", act, READ, reads=True)


def first_step(cluster: str, place: LeasePlace) -> Step:
    """Take the new home's first snapshot, before the epoch is raised.

    Runs of the old home read the epoch only where another state store has seen the cluster. With
    this snapshot they report from the raise on that the cluster lives elsewhere. Safe to repeat and
    to kill: until the epoch is raised it is a snapshot of another state store.
    """

    def act(session: Session) -> str:
        from kled.operations.snapshots.back_up import BY  # noqa: PLC0415
        from kled.operations.snapshots.kops_proof import (  # noqa: PLC0415 - not for --help
            birth_check,
        )
        from kled.snapshot.create.create import create  # noqa: PLC0415
        from kled.snapshot.create.results import CreateOptions  # noqa: PLC0415
        from kled.snapshot.losses.moved import LIVES_ELSEWHERE  # noqa: PLC0415
        from kled.snapshot.progress import Quiet  # noqa: PLC0415

        options = CreateOptions(BY, kops_check=birth_check(session.settings))
        kept, store = session.snapshot_store, session.stores.at(place)
        with advise_on_stores():
            done = create(store, kept, [cluster], options=options, progress=Quiet()).require()
        result = done.clusters[0]
        # the raise that comes next settles that the cluster lives elsewhere
        left = (why for why in result.reasons if not why.startswith(LIVES_ELSEWHERE))
        return words(session, replace(result, reasons=tuple(left)))

    policy = replace(READ, deadline=CHANGE.deadline)
    return Step(FIRST, act, policy, way_back=ADDS_ONLY)


def raise_step(
    cluster: str,
    place: LeasePlace,
    *,
    of: "Callable[[Session], str]",
    former: str = "",
) -> Step:
    """Record the place's store as the home of the cluster.

    `of` returns the state store of the restored snapshot, whose history goes on. The named `former`
    home counts as an earlier home, too. Safe to repeat and to kill: conditional writes, and none
    where it is so already.
    """
    effect, back = Effect(), ways_back.KnownWayBack()

    def act(session: Session) -> str:
        from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

        effect.begins()
        kept, url = session.snapshot_store, session.stores.at(place).location.url
        before = known_epoch(session, cluster)
        if before is not None and before.state_store:
            back.are(raise_command(cluster, before.state_store, url))
        now = epoch.advance(kept, cluster, url, of(session))
        if former:
            now = epoch.advance(kept, cluster, url, canonical(former))
        origin.RECORD.forget(session, cluster, store=session.stores.at(place))
        effect.ends(before != now)
        if before == now:
            return f"it lives in {url} since epoch {now.number} already"
        old = before.state_store if before is not None and before.state_store else "nowhere"
        return f"epoch {now.number}: {old} -> {url}; changes in the old place are refused now"

    return Step(
        "raise epoch",
        act,
        READ,
        way_back="none: it lived nowhere before",
        changed=effect,
        back=back,
    )


def place_step(cluster: str, place: LeasePlace) -> Step:
    """Say where the cluster lives, if that is another store than the one just written to.

    Safe to repeat: it only reads.
    """

    def act(session: Session) -> str:
        url = session.stores.at(place).location.url
        known = known_epoch(session, cluster)
        if known is None or known.vacant or is_same(known.state_store, url):
            return f"changes are made in {url} from now on"
        return (
            f"the cluster lives in {known.state_store} since epoch {known.number}: changes in"
            f" {url} are refused, unless it is moved there: kled snapshot epoch raise"
            f" {options(name=cluster, state=url, former=known.state_store, yes=True)}"
        )

    return Step("say where it lives", act, READ, reads=True)


def _chosen(session: Session, raising: RaiseEpoch, place: LeasePlace) -> "SnapshotRef":
    """Return the snapshot with which the place is compared.

    `latest` means no snapshot of the place itself, which would prove nothing, unless there is no
    other (a namesake's does not count), or the cluster lives there already, or lived there by its
    epoch or snapshots while none of the others can be trusted.
    """
    from kled.snapshot.choosing import LATEST, make_choice  # noqa: PLC0415
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    kept, cluster = session.snapshot_store, raising.cluster
    url, known = session.stores.at(place).location.url, epoch.read(kept, cluster)
    moves = known is None or not is_same(known.state_store, url)
    if raising.snapshot == LATEST and moves:
        own = snapshots_taken_from(kept, cluster, url)
        lived = is_among(url, known.homes or ()) if known is not None else bool(own)
        nothing = (SnapshotMissing, SnapshotNotTrustworthy) if lived else (SnapshotMissing,)
        with suppress(*nothing):
            namesakes = ids_of(kept, session.stores.at(place), cluster)
            return make_choice(kept, cluster, LATEST, without=own | namesakes).ref
        if own:
            theirs = {ref.id for ref in kept.list(cluster)} - own
            return make_choice(kept, cluster, LATEST, without=frozenset(theirs)).ref
    return make_choice(kept, cluster, raising.snapshot).ref


def _require_there(store: "ObjectStore", place: LeasePlace) -> None:
    if home(store, place.cluster) is None:
        raise ClusterNotFound(
            f'{store.location.url} has no cluster "{place.cluster}"',
            hint="its epoch stays as it is; --state names the store that it lives in",
        )
