"""Tells a cluster whose keys are gone from one that was never applied.

kops has the same words for both ("cannot find CA certificate", capture E14). Only the state store
knows which one it is, and applying the former would end it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from kled.errors import KeysetMissing, NotYetApplied
from kled.kops.state_store import identity as facts
from kled.operations.identity import kept_keys
from kled.operations.session import Session


@contextmanager
def tell_lost_keys_apart(session: Session, cluster: str) -> Iterator[None]:
    """Raise `KeysetMissing` in place of `NotYetApplied` where the cluster was applied.

    The error names the keysets, and the snapshot that has them. Where they are stored and damaged,
    it is `IdentityAtRisk`, as for every change.
    """
    try:
        yield
    except NotYetApplied as error:
        gone = kept_keys.missing_keysets(session, cluster) or kept_keys.lost_authority(
            session, cluster
        )
        if not gone:
            kept_keys.require_whole(session, cluster)  # damaged: kops says the same of it
            raise
        keys = frozenset(map(facts.keyset_key, gone))
        raise KeysetMissing(
            f'cluster "{cluster}" was applied, and the state store has lost its'
            f" {'keysets' if len(gone) > 1 else 'keyset'} {', '.join(gone)}",
            hint=f"{kept_keys.advice(session, cluster, keys)}; do not update the cluster before:"
            " that would make new keys",
            command=error.command,
            stderr=error.stderr,
        ) from error
