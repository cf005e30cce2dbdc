"""What comes before every change of a cluster: its epoch is checked, and a snapshot is taken.

Both runners execute `steps_of` an operation, so that there is one such place for all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from kled.errors import EpochMismatch, SnapshotMissing
from kled.kops.state_store.layout import CONFIG
from kled.operations.cluster import applied
from kled.operations.guards import elsewhere, lost_cluster
from kled.operations.guards.final_snapshot import final_step
from kled.operations.guards.guards import Guards
from kled.operations.guards.overrides import Overrides
from kled.operations.guards.taken_snapshot import (
    advise_on_stores,
    refusal_of_empty_store,
    require_trusted,
    take_snapshot,
    words,
)
from kled.operations.identity import begun_anew, new_keys, other_identity
from kled.operations.recovery import known_epoch
from kled.operations.session import Session
from kled.operations.step import ADDS_ONLY, Operation, Step, UseCase
from kled.operations.stores import require_state_store
from kled.retry import CHANGE, READ
from kled.storage.bounded import is_there
from kled.store_urls import is_same

SNAPSHOT: Final = "take a snapshot"
FIRST: Final = "take the first snapshot"
"""The snapshot after a cluster was made: its CA keys exist nowhere else."""
NEW_KEYS: Final = "keep new keys"
"""The snapshot after a step that may have made or changed keys: earlier snapshots lack those."""
NO_NEW_KEYS: Final = "no keys are new"
ABSENT: Final = "there is nothing to snapshot yet"
_UPLOAD: Final = replace(READ, deadline=CHANGE.deadline)
"""Large etcd backups take their time, yet nobody should wait minutes for a store that is down."""


def steps_of(operation: Operation, session: Session) -> Sequence[Step]:
    """Return the operation's steps, with those that protect the cluster from them.

    Where no snapshot store is configured, nothing is added: there is neither epoch nor snapshot.
    """
    protection = Protection(operation, session)
    steps = [*protection.first()]
    for step in operation.steps():
        steps += [*protection.before(step), step, *protection.after(step)]
    return (*steps, *protection.last())


class Protection:
    """The steps that protect a cluster, asked for at each step of a use case, in order.

    A cluster that is about to go gets a final snapshot (`final_snapshot`), and its epoch ends with
    it. A new cluster gets a snapshot right after the step that made it (`Step.makes_keys`), and a
    step that may make or change keys of a cluster is followed by one where it did. Steps that only
    look (`Step.reads`) come before the snapshot, and where no other step follows none is taken. One
    value protects one run.
    """

    def __init__(self, use_case: UseCase, session: Session) -> None:
        place = use_case.guards.place_of(use_case.cluster)
        if place is not None and use_case.guards.lease:
            _tell_unprotected(session)
        self._guards, self._overrides = use_case.guards, session.overrides
        bare = place is None or session.settings.snapshot_store is None
        self._cluster = None if place is None or bare else place.cluster
        self._began = self._made = False

    def first(self) -> tuple[Step, ...]:
        """Return the steps that come first of all."""
        return self._tagged(_lead)

    def before(self, step: Step) -> tuple[Step, ...]:
        """Return the steps that come right before `step`."""
        if self._began or step.reads:
            return ()
        self._began = True
        return self._tagged(_before)

    def after(self, step: Step) -> tuple[Step, ...]:
        """Return the steps that come right after `step`."""
        if not step.makes_keys:
            return ()
        made, self._made = self._made, True
        return self._tagged(_made_more if made else _made)

    def last(self) -> tuple[Step, ...]:
        """Return the steps that come last, when the others are done."""
        if not self._began:
            return ()
        made = () if self._made else self._tagged(_made)
        return (*made, *self._tagged(_after))

    def _tagged(
        self, guard: Callable[[Guards, str, Overrides], Iterator[Step]]
    ) -> tuple[Step, ...]:
        if self._cluster is None:
            return ()
        steps = guard(self._guards, self._cluster, self._overrides)
        return tuple(replace(step, guards=True) for step in steps)


def _tell_unprotected(session: Session) -> None:
    """Say that a change has neither snapshot nor epoch, where other state stores' changes have.

    After a move it is so until the settings file knows the new state store.
    """
    settings, here = session.settings, session.settings.state_store
    named = (profile.snapshot_store for profile in settings.profiles.values())
    other = next(filter(None, named), None)
    if settings.snapshot_store is None and other is not None:
        session.note(
            f"warning: no snapshot store is named for {here}: no snapshot is taken before this"
            f" change, and no epoch is asked; that of another state store is {other}: as"
            f' snapshot-store of [state-stores."{here}"] in {settings.config_file}, or in'
            " KLED_SNAPSHOT_STORE, it is this one's, too"
        )


def _lead(guards: Guards, cluster: str, overrides: Overrides) -> Iterator[Step]:
    """Yield the steps that come first of all."""
    if guards.epoch != "none" and not overrides.no_epoch:
        step = epoch_step(cluster, ends=_goes(guards), forgets=guards.epoch == "forget")
        yield with_advice(step, guards.elsewhere)


def _before(guards: Guards, cluster: str, overrides: Overrides) -> Iterator[Step]:
    """Yield the steps that come before the first change, once no look has refused it."""
    if guards.snapshot != "none" and not overrides.no_snapshot:
        final = guards.snapshot == "final"
        yield (
            final_step(cluster, forgets=guards.epoch == "forget")
            if final
            else _snapshot_step(guards, cluster, overrides)
        )
    if _goes(guards) and not overrides.no_epoch:
        yield announce_step(cluster, forgets=guards.epoch == "forget")


def _made(guards: Guards, cluster: str, overrides: Overrides) -> Iterator[Step]:
    """Yield the steps that follow a step which made the only copy of new keys.

    A cluster that began again with other keys has such keys, like one that was just made.
    """
    anew = guards.identity and overrides.new_identity == cluster
    if anew and not overrides.no_epoch:
        yield begun_anew.begin_anew_step(cluster)
    if overrides.no_snapshot:
        return
    if anew or guards.snapshot == "after":
        first = _snapshot_step(guards, cluster, overrides, first=True)
        yield first if overrides.no_epoch else _beginning(first, cluster)
    elif guards.snapshot == "keys":
        yield keep_keys_step(_snapshot_step(guards, cluster, overrides, first=True), cluster)


def _beginning(first: Step, cluster: str) -> Step:
    """Let the epoch of a cluster begin with its `first` snapshot.

    Until then a namesake's backup in the same snapshot store would leave in doubt which cluster is
    meant.
    """

    def act(session: Session) -> str:
        return f"{first.act(session)}; {check_epoch(session, cluster)}"

    return replace(first, act=act)


def _made_more(guards: Guards, cluster: str, overrides: Overrides) -> Iterator[Step]:
    """Yield the steps that follow another step that may make keys."""
    if guards.snapshot in {"after", "keys"} and not overrides.no_snapshot:
        yield keep_keys_step(_snapshot_step(guards, cluster, overrides, first=True), cluster)


def _after(guards: Guards, cluster: str, overrides: Overrides) -> Iterator[Step]:
    """Yield the steps that come last."""
    if _goes(guards) and not overrides.no_epoch:
        yield vacate_step(cluster)


def _goes(guards: Guards) -> bool:
    return guards.epoch in {"end", "forget"}


def _snapshot_step(
    guards: Guards, cluster: str, overrides: Overrides, *, first: bool = False
) -> Step:
    """Return the step of the snapshot that `guards` ask for.

    A person who lets a cluster begin again with other keys knows that its state is not whole. The
    `first` snapshot of keys that exist nowhere else is taken whatever else the snapshot store has
    lost.
    """
    needs_trusted = guards.needs_trusted and overrides.new_identity != cluster
    step = snapshot_step(
        cluster,
        may_be_gone=guards.mends_loss,
        needs_trusted=needs_trusted,
        refuses=needs_trusted and not first,
        anew=first and overrides.new_identity == cluster,
    )
    return replace(step, name=FIRST) if first else step


def keep_keys_step(snapshot: Step, cluster: str) -> Step:
    """Take the `snapshot` where keysets or secrets are stored that the earlier snapshot lacks.

    Safe to repeat and to kill: the snapshot before the next change has them, too.
    """

    def act(session: Session) -> str:
        with advise_on_stores():
            keys = new_keys.keys_in_no_snapshot(session, cluster)
        return snapshot.act(session) if keys else NO_NEW_KEYS

    return replace(snapshot, name=NEW_KEYS, act=act)


def epoch_step(cluster: str, *, ends: bool = False, forgets: bool = False) -> Step:
    """Raise `EpochMismatch` where the cluster lives in another state store.

    Where only what is stored here is forgotten (`elsewhere`), the step says so instead.

    Safe to repeat: the first check of an existing cluster writes its epoch, later ones compare.
    """

    def act(session: Session) -> str:
        if forgets and elsewhere.is_forgotten_alone(session, cluster):
            return "it lives in another state store; only the definition here goes"
        return check_epoch(session, cluster, ends=ends)

    return Step("check epoch", act, READ)


def with_advice(step: Step, advice: str) -> Step:
    """Return the step with the operation's own advice for a cluster that lives elsewhere."""

    def act(session: Session) -> str:
        with advise_elsewhere(advice):
            return step.act(session)

    return replace(step, act=act)


@contextmanager
def advise_elsewhere(advice: str) -> Iterator[None]:
    """Make `advice`, if there is any, the hint of an error about a cluster that lives elsewhere."""
    try:
        yield
    except EpochMismatch as error:
        error.with_hint(advice or error.hint)
        raise


def check_epoch(session: Session, cluster: str, *, ends: bool = False) -> str:
    """Check the epoch now and return it in words; a name without a cluster here binds nothing.

    An announced end of an existing cluster is taken back, unless the cluster `ends` now.
    """
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - only where snapshots are kept

    here, typed = known_epoch.here(session), require_state_store(session.settings)
    with advise_on_stores():
        snapshots = session.snapshot_store
        known = elsewhere.require_home(session, cluster)
        if known is not None and known.vacant:
            _write_end(session, cluster)
        if (known is None or known.vacant) and not _is_there(session, cluster):
            return "none yet: the cluster is not there"
        require_mounted(session)
        current = epoch.check(snapshots, cluster, here, typed=typed)
        if (current.ends or current.unregistered) and not ends and _is_there(session, cluster):
            epoch.announce_end(snapshots, cluster, here, ends=False)
    return f"epoch {current.number}" + ("" if known else ", which begins now: none was known")


def require_mounted(session: Session) -> None:
    """Raise `SnapshotNotTrustworthy` where the snapshot store was emptied.

    Writing an epoch there would start its history again.
    """
    from kled.snapshot.losses import losses  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415

    snapshots = session.snapshot_store
    if not snapshots.root.missing:
        return
    try:
        losses.require_mounted(read_ledger(snapshots, session.stores.remembering))
    except SnapshotMissing as error:
        raise refusal_of_empty_store(error) from error


def _write_end(session: Session, cluster: str) -> None:
    """Record the end of a deletion that was killed before it could record it itself."""
    from kled.snapshot.epoch import epoch  # noqa: PLC0415

    stored = epoch.read(session.snapshot_store, cluster)
    if stored is not None and not stored.vacant:
        epoch.vacate(session.snapshot_store, cluster, stored.state_store)


def announce_step(cluster: str, *, forgets: bool = False) -> Step:
    """Record that the cluster is about to be deleted, so that nobody takes it for lost.

    Where only the definition of an applied cluster is forgotten, the cluster lives on, and that is
    recorded. Safe to repeat and to kill: a later change of the cluster, which exists then, takes it
    back.
    """

    def act(session: Session) -> str:
        from kled.snapshot.epoch import epoch  # noqa: PLC0415

        here = known_epoch.here(session)
        with advise_on_stores():
            snapshots = session.snapshot_store
            stays = forgets and applied.was_applied(session, cluster)
            known = epoch.read(snapshots, cluster)
            gone = not _is_there(session, cluster)
            if forgets and known is not None and known.unregistered and gone:
                return "it is known to be unregistered"  # an earlier attempt, which was killed
            epoch.announce_end(snapshots, cluster, here, ends=not stays, unregistered=stays)
        return "whoever finds it gone knows why"

    return Step("announce deletion", act, READ, way_back="any later change of the cluster")


def vacate_step(cluster: str) -> Step:
    """End the epoch of a deleted cluster, so that its name may be used in any state store again.

    The epoch of an unregistered cluster stays: its machines run on with its keys. That of a cluster
    of which this run proved that nothing is left names the final snapshot. Safe to repeat.
    Where the run is killed before this step, the deletion is known to be under way
    (`announce_step`): the next change of a cluster of that name ends the epoch, in whichever store
    it is made.
    """

    def act(session: Session) -> str:
        from kled.snapshot.epoch import epoch  # noqa: PLC0415

        if _is_there(session, cluster):
            return "the cluster is still there"
        snapshots = session.snapshot_store
        known = epoch.read(snapshots, cluster)
        if known is not None and known.unregistered:
            return f"it lives on, and its snapshots count: epoch {known.number} stays"
        here = known_epoch.here(session)
        if known is not None and not known.vacant and not is_same(known.state_store, here):
            return f"the cluster lives in {known.state_store}: its epoch {known.number} stays"
        final = session.final if session.proved_gone else None
        epoch.vacate(snapshots, cluster, here, final=final)
        return "the cluster may be made again anywhere"

    return Step("end epoch", act, READ)


def snapshot_step(
    cluster: str,
    *,
    may_be_gone: bool = False,
    needs_trusted: bool = False,
    refuses: bool = False,
    anew: bool = False,
) -> Step:
    """Take a snapshot before anything is changed; where nothing is new, the newest one counts.

    Safe to repeat and to kill: a snapshot exists when its manifest does. A cluster that does not
    exist yet has nothing to lose; one that existed and is gone raises `NotApproved`, unless it
    `may_be_gone`, as for a restore. Where the snapshot could not bring the cluster back, the step
    says so, and raises `SnapshotNotTrustworthy` where the change `needs_trusted`. Where it
    `refuses`, it also raises, before anything is written, for a snapshot store that may have lost
    snapshots; otherwise it says so. Secrets of a cluster that begins `anew` may have other values.
    """

    def act(session: Session) -> str:
        with advise_on_stores():
            rotated = other_identity.compare(session, cluster).secrets if anew else ()
            result = take_snapshot(session, cluster, refuses=refuses, rotated=frozenset(rotated))
            if result is None:
                if not may_be_gone and session.overrides.new_identity != cluster:
                    lost_cluster.refuse(session, cluster)
                return ABSENT
            if needs_trusted:
                require_trusted(session, result)
            session.before, session.before_is_trusted = result.snapshot, not result.reasons
        return words(session, result)

    return Step(SNAPSHOT, act, _UPLOAD, way_back=ADDS_ONLY)


def _is_there(session: Session, cluster: str) -> bool:
    return is_there(session.state_store, f"{cluster}/{CONFIG}")
