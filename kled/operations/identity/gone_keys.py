"""Keysets and secrets that an applied cluster lived by and the state store lacks by now.

kops lists what is there and says nothing of the rest. What is told here is what every plan of the
cluster would be refused with, in the same words; kops and the cloud are not asked.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kled.errors import IdentityAtRisk, KledError
from kled.kops.state_store import identity, keyset_keys, layout
from kled.kops.state_store.identity import Evidence
from kled.models.plan import Change
from kled.operations.fleet import registered
from kled.operations.fleet.stored_names import identity_keys
from kled.operations.identity import has_run, kept_keys, keys_in_snapshots, other_identity
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest

_BOTH: Final = (layout.KEYSETS, layout.SECRETS)


def refusal(
    session: Session, cluster: str, parts: tuple[str, ...] = _BOTH
) -> IdentityAtRisk | None:
    """Return what a change would be refused with for what is gone; None: nothing is known to be.

    `parts` are those of the cluster's prefix that are looked at. Three listings and a GET or a few;
    the snapshot store is asked only where what every cluster has is not there. Only reads, and
    raises nothing: who cannot be asked says so to whoever changes the cluster.
    """
    try:
        return _refusal(session, cluster, parts)
    except KledError:
        return None


def keysets(session: Session, cluster: str) -> IdentityAtRisk | None:
    """Return the refusal of keysets that are gone, as `refusal` does."""
    return refusal(session, cluster, (layout.KEYSETS,))


def secrets(session: Session, cluster: str) -> IdentityAtRisk | None:
    """Return the refusal of secrets that are gone, as `refusal` does."""
    return refusal(session, cluster, (layout.SECRETS,))


def require(error: IdentityAtRisk | None) -> None:
    """Raise what was found, where something is gone."""
    if error is not None:
        raise error


def _refusal(session: Session, cluster: str, parts: tuple[str, ...]) -> IdentityAtRisk | None:
    if kept_keys.keeps_elsewhere(session, cluster):
        return None
    stored = identity_keys(session.state_store, cluster)
    named = has_run.node_keysets(session, cluster)
    gone = (*_keysets(stored, named), *_secrets(stored))
    looked_at = [change for change in gone if identity.key_of(change).startswith(parts)]
    if not looked_at:
        return None
    before = other_identity.newest_trusted(session, cluster)
    evidence = Evidence(
        stored,
        named,
        has_run.why_it_has_run(session, cluster, named),
        before.id if before else "",
        keys_in_snapshots.identity_keys(before) if before else frozenset(),
    )
    lost = identity.told_apart(_meant(session, cluster, looked_at, stored, before), evidence).lost
    return kept_keys.refusal(session, cluster, lost) if lost else None


def _keysets(stored: frozenset[str], named: frozenset[str]) -> Iterator[Change]:
    """Yield the keysets that are not stored under either name, of those that a cluster has."""
    kept = keyset_keys.files(stored).keys()
    for name in sorted(named or identity.KEYSETS_OF_ALL):
        if name not in kept:
            yield Change("create", identity.KEYPAIR, name)


def _secrets(stored: frozenset[str]) -> Iterator[Change]:
    for name in sorted(identity.SECRETS_OF_ALL):
        if f"{layout.SECRETS}{name}" not in stored:
            yield Change("create", identity.SECRET, name)


def _meant(
    session: Session,
    cluster: str,
    gone: list[Change],
    stored: frozenset[str],
    before: "Manifest | None",
) -> tuple[Change, ...]:
    """Return those of which it is sure that this cluster had them, or that none of a kind is left.

    A later kops may make fewer secrets; only a snapshot tells of one that it was there.
    """
    kept = keys_in_snapshots.identity_keys(before) if before else frozenset()
    none_left = not any(key.startswith(layout.SECRETS) for key in stored)
    home = registered.home(session.state_store, cluster)
    definition = home.cluster if home is not None else {}
    return tuple(
        change
        for change in gone
        if change.kind == identity.KEYPAIR
        or none_left
        or (identity.key_of(change) in kept and identity.needs_secret(definition, change.name))
    )
