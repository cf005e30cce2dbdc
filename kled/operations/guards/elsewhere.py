"""Whether a cluster lives in another state store than the one that is about to be changed.

Its epoch says so. A cluster that was never changed with kled has no epoch; then the newest runs
tell: where they saw the cluster in another state store and not in this one, it lives there,
whatever is stored here under its name.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from kled.commands import CREATE_AGAIN
from kled.errors import EpochMismatch, KledError
from kled.kops.state_store.layout import CONFIG
from kled.operations.cluster.applied import was_applied
from kled.operations.guards import copies, namesakes
from kled.operations.identity import kept_keys, other_identity
from kled.operations.recovery.known_epoch import here, known_epoch
from kled.operations.session import Session
from kled.operations.stores import require_state_store
from kled.sentences import options
from kled.storage.bounded import is_there
from kled.store_urls import is_among, is_same

if TYPE_CHECKING:
    from kled.snapshot.epoch.epoch import Epoch

_BESIDE: Final = (
    "another cluster of that name needs a snapshot store of its own:"
    f" {CREATE_AGAIN} --snapshot-store=URL"
)
"""What makes another cluster of a name that none is stored under here."""
Alive: TypeAlias = Mapping[str, tuple[int, str]]
"""The state stores whose newest runs saw a cluster, by URL, each with the run's number and the
snapshot."""


def require_here(session: Session, cluster: str, past: str = "") -> None:
    """Raise `EpochMismatch` where runs have seen a cluster without an epoch elsewhere, too.

    Snapshots up to `past` are of an earlier cluster of that name. Only reads.
    """
    alive = _alive(session, cluster, past)
    url = _elsewhere_alone(session, cluster, alive)
    if url is None:
        other = _also_in(session, cluster, alive)
        if other is not None:
            raise _in_two(session, cluster, other, alive)
        return
    typed = require_state_store(session.settings)
    raise EpochMismatch(
        f'cluster "{cluster}" lives in {url}: the newest run there has snapshots of it, and {typed}'
        " does not hold its keys; nothing was changed",
        hint=f"pass --state with the one that is right{_way_out(session, cluster, typed)}",
    )


def _in_two(session: Session, cluster: str, other: str, alive: Alive) -> EpochMismatch:
    """Return the error for a cluster that may live in either of two state stores.

    Somebody may have removed its epoch, or copied the state store of a cluster that had none yet.
    """
    typed = require_state_store(session.settings)
    rights = " or ".join(
        f"kled snapshot epoch raise {options(name=cluster, state=url)}" for url in (typed, other)
    )
    seen = is_among(here(session), alive)
    where = "in both" if seen else f"in {other}, which has it still"
    return EpochMismatch(
        f'whether cluster "{cluster}" lives in {typed} or in {other} is not known: runs saw it'
        f" {where}, and it has no epoch; nothing was changed",
        hint="a recovery that moved it wrote one: ask whoever ran it, or look which store the user"
        f" data of a control-plane machine names, and let that count: {rights}",
    )


def _way_out(session: Session, cluster: str, here: str) -> str:
    """Name what becomes of the cluster's name here, by what is stored under it.

    A definition that was never applied is forgotten; of another one that is refused.
    """
    if not _is_stored(session, cluster):
        return (
            f"; {_BESIDE}; only where the other one is known to be gone:"
            f" {CREATE_AGAIN} --no-epoch --new-identity={cluster} --yes"
        )
    unless = "; --no-epoch only where the other one is known to be gone"
    if was_applied(session, cluster):
        return unless
    forget = f"kled kops delete-cluster {options(name=cluster, state=here)} --unregister"
    return f"; what is stored here was never applied and goes alone with {forget}{unless}"


def _is_stored(session: Session, cluster: str) -> bool:
    return is_there(session.state_store, f"{cluster}/{CONFIG}")


def refusal(session: Session, cluster: str) -> EpochMismatch | None:
    """Return the error that a change of the cluster would meet; None where none is known.

    For previews, which write no epoch as the check of a change does. Only reads; raises what the
    stores raise.
    """
    if session.settings.snapshot_store is None or session.overrides.no_epoch:
        return None
    try:
        require_home(session, cluster)
    except EpochMismatch as error:
        return error
    return None


def require_home(session: Session, cluster: str) -> "Epoch | None":
    """Return the cluster's epoch; raise `EpochMismatch` where it lives in another state store.

    The epoch of a deletion that was killed after the cluster had left its store is over, though
    nobody has recorded that yet. Only reads.
    """
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - only where snapshots are kept

    known = known_epoch(session, cluster)
    if known is not None and _is_over(session, cluster, known):
        known = epoch.compute_ended(session.snapshot_store, cluster, known)
    if known is None or known.vacant:
        require_here(session, cluster, known.past if known else "")
    else:
        has_it = partial(_holds, session, cluster, unknown=False)
        try:
            epoch.require_same(session.snapshot_store, cluster, known, here(session), has_it)
        except EpochMismatch as error:
            if _is_namesakes(session, cluster, known.state_store):
                raise _of_a_namesake(session, cluster, known.state_store) from error
            if not _is_stored(session, cluster):
                error.advise(_BESIDE)
            raise
    return known


def _of_a_namesake(session: Session, cluster: str, url: str) -> EpochMismatch:
    """Return the error for a cluster whose name another cluster's epoch bears."""
    typed = require_state_store(session.settings)
    return EpochMismatch(
        f'the epoch of "{cluster}" in this snapshot store is that of the cluster in {url}, and the'
        f" one in {typed} is another of that name: no key is in snapshots of both; nothing was"
        " changed",
        hint="pass --state with the one that is meant; of two clusters of one name each needs a"
        " snapshot store of its own: name another one for this, such as --snapshot-store=URL, and"
        " take its first snapshot there",
    )


def _is_over(session: Session, cluster: str, known: "Epoch") -> bool:
    """Say whether a deletion that began in another state store has left nothing there.

    Where that store does not answer, or still has the cluster, the cluster lives there.
    """
    if known.vacant or not known.ends or is_same(known.state_store, here(session)):
        return False
    return _is_gone(session, cluster, known.state_store)


def by_runs(session: Session, cluster: str, past: str = "") -> str | None:
    """Return the other state store whose newest run has the cluster; None where it may be this one.

    Only reads.
    """
    return _elsewhere_alone(session, cluster, _alive(session, cluster, past))


def _elsewhere_alone(session: Session, cluster: str, alive: Alive) -> str | None:
    """Return the other state store that the cluster lives in; None where it may be this one."""
    if not alive or is_among(here(session), alive):
        return None
    url = max(alive, key=lambda place: alive[place])
    return None if _has_its_keys(session, cluster, alive[url][1]) else url


def _also_in(session: Session, cluster: str, alive: Alive) -> str | None:
    """Return another state store that has the cluster where this one may have it, too.

    Where runs saw the cluster in both, a store that lacks it by now does not count, and one that
    does not answer may count. Where runs saw it only in the other one and its keys are here, this
    may be that store under its new name: the other one then counts where it still has the cluster.
    A store whose cluster only bears the same name does not count.
    """
    unknown = is_among(here(session), alive)
    others = (place for place in alive if not is_same(place, here(session)))
    latest_first = sorted(others, key=lambda place: alive[place], reverse=True)
    holds = (url for url in latest_first if _holds(session, cluster, url, unknown=unknown))
    return next((url for url in holds if not _is_namesakes(session, cluster, url)), None)


def _is_namesakes(session: Session, cluster: str, url: str) -> bool:
    return namesakes.is_namesake(session.snapshot_store, session.state_store, cluster, url)


def _alive(session: Session, cluster: str, past: str) -> Alive:
    """Return the state stores whose newest runs saw the cluster; reads the ledger.

    Snapshots up to `past` are of an earlier cluster of that name.
    """
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415 - not for --help

    ledger = read_ledger(session.snapshot_store, session.stores.remembering)
    return {
        url.rstrip("/"): (run.number, str(entry.snapshot))
        for url, run, entry in ledger.alive(cluster, past)
    }


def _is_gone(session: Session, cluster: str, url: str) -> bool:
    """Say whether a state store is known to lack the cluster."""
    return not _holds(session, cluster, url, unknown=True)


def _holds(session: Session, cluster: str, url: str, *, unknown: bool) -> bool:
    """Say whether a state store has the cluster; `unknown` where it cannot be asked."""
    try:
        return is_there(session.other_store(url), f"{cluster}/{CONFIG}")
    except KledError:  # a bucket that is not there may be one of another endpoint, or unmounted
        return unknown


def is_forgotten_alone(session: Session, cluster: str) -> bool:
    """Say whether what is stored here may be forgotten without losing the cluster itself.

    That is a definition which was never applied here while the cluster lives elsewhere, or a mere
    copy.
    """
    return is_twin(session, cluster) or copies.original_of(session, cluster) is not None


def is_twin(session: Session, cluster: str) -> bool:
    """Say whether a definition that was never applied bears the name of another store's cluster."""
    if session.settings.snapshot_store is None or was_applied(session, cluster):
        return False
    known = known_epoch(session, cluster)
    if known is not None and not known.vacant:
        return not is_same(known.state_store, here(session))
    return by_runs(session, cluster, known.past if known else "") is not None


def _has_its_keys(session: Session, cluster: str, snapshot: str) -> bool:
    """Say whether the authority that is stored here is the one in the snapshot."""
    if not is_there(session.state_store, f"{cluster}/{kept_keys.AUTHORITY_KEY}"):
        return False
    try:
        others = other_identity.compare_with(session, cluster, snapshot)
    except KledError:
        return False
    return not (others.names or others.gone)
