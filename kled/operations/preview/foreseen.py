"""The refusal that an operation would meet, found before anybody agrees to it. Only reads.

A preview ends as the operation would end at that moment: with its exit code, its message and its
hint. So the looks are the operation's own, in its order.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import Final, TypeVar

from kled.errors import (
    ApiUnreachable,
    ClusterNotReady,
    CredentialsRefused,
    DeadlineExceeded,
    KledError,
    KubernetesRefused,
    StoreDenied,
)
from kled.lease import boot_time
from kled.lease.writes import held_by_another, require_unheld
from kled.operations import stores
from kled.operations.guards import elsewhere, snapshot_before, windows
from kled.operations.guards.before_change import advise_elsewhere, require_mounted
from kled.operations.session import Session
from kled.operations.step import Operation
from kled.retry import Clock

T = TypeVar("T")
RefusingLook = Callable[[], object]
"""Raises what the act would be refused with."""

_OF_WHO_LOOKS: Final = (StoreDenied, CredentialsRefused, KubernetesRefused, DeadlineExceeded)
"""Errors that a preview may meet and the operation itself would not."""


def refusal(
    session: Session, operation: Operation, *, now: bool = True, also: Sequence[RefusingLook] = ()
) -> KledError | None:
    """Return the error with which `operation` would end before its first change.

    None where none is known. `also` holds further looks of the operation, which come last. Unless
    it is to be done `now`, refusals that pass by themselves are left out: another writer's lease, a
    closed window. What cannot be asked is noted, and the operation asks it again.
    """
    unknown: list[str] = []
    for look in (*_before(session, operation, now=now), *also):
        try:
            look()
        except KledError as error:
            if _is_told(error):
                return error
            unknown.append(error.message)
    for reason in dict.fromkeys(unknown):
        session.note(f"whether {operation.name} would be refused is not known: {reason}")
    return None


def preview_with_refusal(
    session: Session,
    operation: Operation,
    make: Callable[[], T],
    also: Callable[[T], object] | None = None,
    *,
    now: bool = True,
) -> tuple[T, KledError | None]:
    """Return what `make` shows, and the refusal that the operation would meet.

    `also` is the operation's own look at the result of `make`. Where `make` fails for an operation
    that would be refused anyway, raises that refusal, which says more than kops' error.
    """
    error = refusal(session, operation, now=now)
    try:
        made = make()
    except KledError as failed:
        raise error or failed from None
    if error is None and also is not None:
        error = ask_for_refusal(session, operation, partial(also, made))
    return made, error


def ask_for_refusal(session: Session, operation: Operation, look: RefusingLook) -> KledError | None:
    """Return the refusal of one look of the operation; what cannot be asked is noted."""
    try:
        look()
    except KledError as error:
        if _is_told(error):
            return error
        session.note(f"whether {operation.name} would be refused is not known: {error.message}")
    return None


def _is_told(error: KledError) -> bool:
    """Say whether the error is a refusal; any other may be gone at the next try."""
    if isinstance(error, ClusterNotReady) and not isinstance(error, ApiUnreachable):
        return True
    return not (error.retryable or isinstance(error, _OF_WHO_LOOKS))


def _before(session: Session, operation: Operation, *, now: bool) -> Iterator[RefusingLook]:
    """Yield the looks before the first change, in the order of `before_change.steps_of`."""
    if now:
        yield partial(_require_window, session, operation)
        yield partial(_require_free, session, operation)
    yield partial(_require_home, session, operation)
    for step in takewhile(lambda step: step.reads, operation.steps()):
        yield partial(step.look or step.act, session)
    yield partial(snapshot_before.require, session, operation)


def _require_window(session: Session, operation: Operation) -> None:
    windows.require_open_for(operation, session.settings, session.overrides, stores.now())


def _require_free(session: Session, operation: Operation) -> None:
    place = operation.guards.place_of(operation.cluster)
    if place is None:
        return
    store, name = session.stores.at(place), place.cluster
    clock = Clock(boot_time, session.clock.sleep)
    if session.overrides.no_lease:
        require_unheld(store, name, now=stores.now(), clock=clock)
    elif held := held_by_another(store, name, now=stores.now(), clock=clock):
        raise held


def _require_home(session: Session, operation: Operation) -> None:
    guards, cluster = operation.guards, operation.cluster
    if guards.epoch == "none" or session.overrides.no_epoch:
        return
    if guards.epoch == "forget" and elsewhere.is_forgotten_alone(session, cluster):
        return
    with advise_elsewhere(guards.elsewhere):
        if (away := elsewhere.refusal(session, cluster)) is not None:
            raise away
    if session.settings.snapshot_store is not None:
        require_mounted(session)
