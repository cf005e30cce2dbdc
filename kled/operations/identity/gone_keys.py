"""Keysets and secrets that an applied cluster lived by and that the state store lacks now.

kops lists what is stored and says nothing of the rest. This module reports it with the words in
which every plan of the cluster would be refused; kops and the cloud are not asked.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kled.errors import IdentityAtRisk, KledError
from kled.kops.state_store import identity, keyset_keys, layout
from kled.kops.state_store.identity import IdentityEvidence
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
    """Return the refusal that a change would meet for missing keys; None: none are known.

    `parts` are the parts of the cluster's prefix to look at. Costs three listings and a few GETs;
    the snapshot store is asked only where something that every cluster has is missing. Only reads,
    and raises nothing: a store that does not answer is reported by whatever changes the cluster.
    """
    try:
        return _refusal(session, cluster, parts)
    except KledError:
        return None


def keysets(session: Session, cluster: str) -> IdentityAtRisk | None:
    """Return the refusal of missing keysets, as `refusal` does."""
    return refusal(session, cluster, (layout.KEYSETS,))


def secrets(session: Session, cluster: str) -> IdentityAtRisk | None:
    """Return the refusal of missing secrets, as `refusal` does."""
    return refusal(session, cluster, (layout.SECRETS,))


def require(error: IdentityAtRisk | None) -> None:
    """Raise the error, if there is one."""
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
    evidence = IdentityEvidence(
        stored,
        named,
        has_run.why_it_has_run(session, cluster, named),
        before.id if before else "",
        keys_in_snapshots.identity_keys(before) if before else frozenset(),
    )
    lost = identity.told_apart(_meant(session, cluster, looked_at, stored, before), evidence).lost
    return kept_keys.refusal(session, cluster, lost) if lost else None


def _keysets(stored: frozenset[str], named: frozenset[str]) -> Iterator[Change]:
    """Yield the keysets that a cluster has and that are stored under neither of their names."""
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
    """Return the missing objects that this cluster is sure to have had.

    A later kops may make fewer secrets, so a secret counts only where a snapshot has it, or where
    none at all is left.
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
