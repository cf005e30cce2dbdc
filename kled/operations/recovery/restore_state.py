"""Restore a cluster's state from a snapshot, under the lease of the store that it goes into."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kled.errors import InvalidInput, KledError, NotApproved
from kled.operations import ways_back
from kled.operations.guards.guards import Guards, LeasePlace
from kled.operations.guards.nested_stores import require_root
from kled.operations.guards.protection import require_confirmation
from kled.operations.records import open_restore, origin
from kled.operations.recovery import restored_definition, served_authority
from kled.operations.recovery.raise_epoch import first_step, identity_step, place_step, raise_step
from kled.operations.recovery.restorable import (
    keysets_rotated_since,
    require_own_keys,
    require_trusted,
    with_keys,
)
from kled.operations.recovery.restoration import Agreed, RestorationReport
from kled.operations.recovery.restore_approval import (
    protection_of,
    require_approved,
    require_spared,
)
from kled.operations.recovery.restore_place import require_own_place
from kled.operations.session import Session
from kled.operations.snapshots.over_clusters import count_for
from kled.operations.step import Effect, Step, step_with_result
from kled.operations.stores import Stores
from kled.retry import CHANGE, READ
from kled.sentences import number, options

if TYPE_CHECKING:
    from kled.snapshot.choosing import Choice
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.repository import SnapshotRef
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.snapshot.trust.origin import Origins
    from kled.snapshot.trust.trust import Trust


_ALL: Final = ("identity", "intent", "derived", "etcd-backup")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be restored, and where to."""

    cluster: str
    snapshot: str
    """An id, or `latest`."""
    to: str | None = None
    """URL of another state store; None: the configured one."""
    prefix: str | None = None
    """The place in that store; None: the cluster's name."""
    classes: tuple[str, ...] = _ALL
    with_control: bool = False
    delete_extra: bool = False
    untrusted: bool = False
    """Restore it though it cannot be trusted; it has to be named by its id then."""
    of: str | None = None
    """URL of another state store whose snapshots are this cluster's, too: it was moved, or is
    spelled in another way now."""
    groups: tuple[str, ...] = ()
    """The instance groups of which alone the definition is restored; none: all of `classes`."""
    rewrite_places: bool = False
    """Write the definition with the new place where it names the one that it was taken from."""
    aside: tuple[str, ...] | None = None
    """Where the snapshot's id is what `latest` stood for, the newer ones that were there before an
    interrupted restore of it."""

    @property
    def place(self) -> LeasePlace:
        """Where the restore writes."""
        return LeasePlace((self.prefix or self.cluster).rstrip("/"), self.to)

    def again(self, **other: object) -> str:
        """Return the whole command that wishes the same, but for the `other` options."""
        named: dict[str, object] = {
            "name": self.cluster,
            "snapshot": self.snapshot,
            "untrusted": self.untrusted,
            "of_state_store": self.of,
            "to": self.to,
            "as": self.prefix,
            "class": () if self.classes == _ALL else self.classes,
            "instance_group": self.groups,
            "with_control": self.with_control,
            "delete_extra": self.delete_extra,
            "rewrite_places": self.rewrite_places,
        }
        return f"kled snapshot restore {options(**{**named, **other})}"

    @property
    def is_latest(self) -> bool:
        """Whether `latest` is or was meant."""
        return self.aside is not None

    def settled_as(self, chosen: "Choice") -> "Wish":
        """Return the wish for that snapshot, which it stands for."""
        aside = chosen.aside if self.snapshot == "latest" else self.aside
        return replace(self, snapshot=chosen.ref.id, aside=aside)

    @property
    def is_home(self) -> bool:
        """Whether it writes where the cluster itself lives."""
        return self.to is None and self.place.cluster == self.cluster

    @property
    def is_cluster(self) -> bool:
        """Whether a cluster may live where it writes: a place of one, in the configured store."""
        return self.to is None and "/" not in self.place.cluster


RESTORES: Final = Guards(
    lease=True,
    windows=True,
    epoch="check",
    snapshot="before",
    identity=True,
    needs_kops=False,
    mends_loss=True,
)
"""Of a restore into a cluster's own place."""


def _unguarded(place: LeasePlace) -> Guards:
    return replace(RESTORES, place=place, epoch="none", snapshot="none", identity=False)


def _ways_on(wish: Wish) -> str:
    """Say what is typed where the cluster lives in another state store."""
    return (
        f"is it the right --state? a copy that nobody lives in: {wish.again(to='URL')}, with"
        " another state store; only where the other one is gone, so that the cluster moves here:"
        f" {wish.again(rewrite_places='intent' in wish.classes, raise_epoch=True)}"
    )


@dataclass(frozen=True, slots=True)
class RestoreState:
    """Restore a cluster's state; the plan's digest and the cluster's name approve it.

    Where no cluster of the configured state store is written to, there is neither epoch nor
    snapshot: then what the place holds already is not replaced, unless `--no-snapshot` says so.
    """

    wish: Wish
    """`latest` is settled before anything is changed, and before what is there is snapshotted."""
    confirm: str | None = None
    """The name of the place that is written to, the cluster's or that of `prefix`, once more; a
    protected one needs it."""
    digest: str | None = None
    """Of the plan that was approved; None approves what is planned under the lease."""
    raise_epoch: bool = False
    """Also make the store that is written to the one that the cluster lives in."""

    name = "restore state"

    @property
    def cluster(self) -> str:
        """The cluster that is restored."""
        return self.wish.cluster

    @property
    def guards(self) -> Guards:
        """What must hold, where it writes to."""
        place = self.wish.place
        if self.raise_epoch or not self.wish.is_cluster:
            return _unguarded(place)
        return replace(RESTORES, place=place, elsewhere=_ways_on(self.wish))

    def steps(self) -> tuple[Step[RestorationReport], ...]:
        """Return the steps in their order: what is refused costs no snapshot."""
        check = check_step(self)
        agreed = check.result
        assert agreed is not None  # noqa: S101 - the check finds it out
        last: tuple[Step[Any], ...] = self._last(agreed)
        first: Step[Any] = replace(check, result=None)  # what was restored is what it makes
        return (first, restore_step(self, agreed), *last)

    def _last(self, agreed: Callable[[], Agreed]) -> tuple[Step, ...]:
        """Return the steps after the restore: the epoch is raised, or said to be another."""
        place = self.wish.place
        if self.raise_epoch:
            return (
                identity_step(self.cluster, place, lambda _: self._ref(agreed())),
                first_step(self.cluster, place),
                raise_step(self.cluster, place, of=lambda _: agreed().plan.manifest.state_store),
            )
        elsewhere = self.wish.to is not None and place.cluster == self.cluster
        return (place_step(self.cluster, place),) if elsewhere else ()

    def _ref(self, agreed: Agreed) -> "SnapshotRef":
        from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415 - not for --help

        return SnapshotRef(self.cluster, agreed.wish.snapshot)


def check_step(restoring: RestoreState) -> Step[Agreed]:
    """Look under the lease whether this restore is meant; the result is that, and its plan.

    Safe to repeat and to kill: it writes down what `latest` means, and changes nothing else.
    """
    agreed: list[Agreed] = []

    def look(session: Session) -> "tuple[Settled, RestorePlan]":
        if restoring.raise_epoch and restoring.wish.place.cluster != restoring.cluster:
            raise InvalidInput("--raise-epoch", "is for a cluster's own name: leave out --as")
        meant = settle(session.stores, restoring.wish, moves=restoring.raise_epoch)
        require_trusted(meant)
        planned = plan(session.stores, meant.wish)
        require_own_place(session.stores.at(meant.wish.place), planned, meant.wish)
        if session.overrides.new_identity != restoring.cluster:
            require_own_keys(session.stores.at(meant.wish.place), meant, planned)
            lives = restoring.raise_epoch or restoring.wish.is_home
            served_authority.require(session.stores, meant.wish, planned, lives=lives)
        why = protection_of(session.settings, planned)
        require_confirmation(restoring.wish.place.cluster, why, restoring.confirm)
        require_approved(session, restoring, planned)
        require_spared(session, restoring, planned)
        return meant, planned

    def act(session: Session) -> str:
        meant, planned = look(session)
        open_restore.announce(session, meant.wish, planned)
        meant = meant.looked_at(session.stores, planned)
        agreed[:] = [Agreed(meant.wish, planned, meant.taken_out)]
        to_write, present = number(len(planned.writes), "object"), len(planned.same)
        counts = f"{to_write} to write, {present} are there already"
        return "; ".join((counts, *meant.remarks(), *planned.moving.remarks()))

    return Step("check restore", act, READ, reads=True, look=look, result=lambda: agreed[0])


def restore_step(restoring: RestoreState, agreed: Callable[[], Agreed]) -> Step[RestorationReport]:
    """Plan once more, compare with what was agreed, and write what differs.

    Safe to repeat and to kill: what the target has already is left as it is, and the rest of an
    approved plan is approved with it.
    """
    effect, back = Effect(), ways_back.KnownWayBack()

    def act(session: Session) -> tuple[RestorationReport, str]:
        from kled.snapshot.restore.restore import apply_restore  # noqa: PLC0415 - not for --help

        effect.begins()
        wish = agreed().wish
        planned = plan(session.stores, wish)
        if not planned.is_rest_of(agreed().plan):
            raise NotApproved(
                f"{planned.target}/{planned.prefix} was written to by somebody else since the"
                " restore was planned",
                hint="find out who writes there, look at a new plan, and approve that one",
            )
        session.check()
        target = session.stores.at(restoring.wish.place)
        progress = count_for(session)
        goes_on = open_restore.begin(session, wish, planned)
        if wish.place.cluster == wish.cluster and not restoring.raise_epoch:
            origin.write(session, target, wish.cluster, planned.manifest.state_store)
        back.are(ways_back.of_restore(session, planned, goes_on=goes_on))
        try:
            report = apply_restore(planned, session.snapshot_store, target, progress=progress)
        except KledError as error:
            error.advise("the same command goes on with it")
            raise
        open_restore.end(session, wish, planned, moves=restoring.raise_epoch)
        effect.ends(report.created or report.replaced or planned.deletes)
        made = RestorationReport(report, replace(agreed(), plan=planned))
        return made, made.summary

    way_back = "none: no snapshot was taken of what was there before"
    step = step_with_result("restore state", act, CHANGE, way_back=way_back, changed=effect)
    return replace(step, back=back)


@dataclass(frozen=True, slots=True)
class Settled:
    """A wish for one snapshot, and what that one is worth."""

    wish: Wish
    """With the snapshot's id."""
    trust: "Trust"
    passed_over: tuple[str, ...] = ()
    """What is newer and is not restored, each with the reason."""
    foreign: str = ""
    """Of which other state store it is, where that keeps it from being restored here; in words."""
    state_store: str = ""
    """The one that it was taken from, as its manifest says."""
    has_ended: bool = False
    """Its cluster was deleted since, or began again with other keys; another one lives there."""
    is_succeeded: bool = False
    """It would take the epoch from another cluster of that name, which lives now."""
    rotated_since: tuple[str, ...] = ()
    """The keysets of which `newest` has the keys of a later rotation."""
    newest: str = ""
    """The newest snapshot that can be trusted, where another one is to be restored."""
    taken_out: tuple[str, ...] = ()
    """What would run on in the cloud without a definition, and what stays since the snapshot's is
    damaged, in sentences."""

    def remarks(self) -> tuple[str, ...]:
        """Say what a person has to know of the snapshot before it is restored."""
        wrong = tuple(f"IT CANNOT BE TRUSTED: {why}" for why in self.trust.reasons)
        return (f"snapshot {self.wish.snapshot}", *wrong, *self.passed_over, *self.taken_out)

    def looked_at(self, opened: Stores, planned: "RestorePlan") -> "Settled":
        """Return it with what its plan takes out of the definition; one request."""
        told = restored_definition.remarks(opened, planned, self.wish)
        return replace(self, taken_out=tuple(told))


def settle(opened: Stores, wish: Wish, *, moves: bool = False) -> Settled:
    """Return the wish with the id that `latest` stands for now, and whether it can be trusted.

    Where the cluster `moves`, snapshots of where it lived are its own. To be done before a snapshot
    of what is there is taken. Raises as `choosing.make_choice` does, `InvalidInput` for `newest`:
    what cannot be trusted is restored by its id alone; and `SettingsError` for a target that
    overlaps the snapshot store.
    """
    from kled.snapshot.choosing import LATEST, NEWEST, judge_choice, make_choice  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    if wish.snapshot == NEWEST:
        raise InvalidInput("snapshot", "a restore takes `latest`, the newest trusted one, or an id")
    snapshots = opened.snapshots
    if wish.to is not None:
        opened.require_outside(wish.to)
        require_root(opened, wish.to, "--to")
    snapshots.require()
    ledger = read_ledger(snapshots, opened.remembering)
    origins = Origins(ledger, (wish.of,) if wish.of else (), moves=moves)
    chosen = (
        open_restore.choose_latest(opened, wish, origins)
        if wish.snapshot == LATEST
        else make_choice(snapshots, wish.cluster, wish.snapshot, origins=origins)
    )
    lives = wish.is_home or moves or _is_at_hand(opened, wish)
    # elsewhere nothing of a living cluster is replaced: any origin counts
    judged = judge_choice(chosen, origins if wish.is_home else None, ledger)
    return Settled(
        wish.settled_as(chosen),
        with_keys(judged, wish, ledger).trust,
        chosen.passed_over(),
        judged.foreign or _behind(origins, wish, judged.manifest),
        judged.manifest.state_store if judged.manifest else "",
        bool(wish.is_home and judged.manifest and origins.has_ended(judged.manifest)),
        bool(moves and judged.manifest and origins.is_succeeded(judged.manifest)),
        *keysets_rotated_since(opened, wish, origins, judged.manifest if lives else None),
    )


def _is_at_hand(opened: Stores, wish: Wish) -> bool:
    """Say whether `--to` names the cluster's own place, in the state store at hand."""
    if wish.to is None or wish.place.cluster != wish.cluster or not opened.settings.state_store:
        return False
    return opened.is_state_store(wish.to)


def _behind(origins: "Origins", wish: Wish, manifest: "Manifest | None") -> str:
    """Say whether what a move left behind would go over the cluster in its new home."""
    home = wish.to if wish.place.cluster == wish.cluster else None
    if manifest is None or home is None or not origins.lives_in(wish.cluster, home):
        return ""
    return origins.left_behind(manifest)


def plan(opened: Stores, wish: Wish) -> "RestorePlan":
    """Return what a restore would write, every byte of the archive proved; changes nothing."""
    from kled.snapshot.choosing import choose  # noqa: PLC0415 - not for --help
    from kled.snapshot.epoch import epoch  # noqa: PLC0415
    from kled.snapshot.restore.restore_plan import plan_restore  # noqa: PLC0415

    snapshots = opened.snapshots
    snapshots.require()
    chosen = choose(snapshots, wish.cluster, wish.snapshot, state=opened.remembering)
    whole = plan_restore(
        snapshots,
        snapshots.manifest(chosen),
        opened.at(wish.place),
        cluster_prefix=wish.prefix,
        classes=wish.classes,  # type: ignore[arg-type]  # checked where they were typed
        with_control=wish.with_control,
        delete_extra=wish.delete_extra,
        rewrite_places=wish.rewrite_places,
        counts_on=wish.is_home
        or (
            wish.place.cluster == wish.cluster
            and (wish.rewrite_places or _is_at_hand(opened, wish))
        ),
        ended=epoch.is_last_before_end(snapshots, wish.cluster, chosen.id),
    )
    return whole.of_groups(wish.groups) if wish.groups else whole
