"""From where keys that a cluster has lost are put back: a snapshot that has the right ones."""

from typing import Final

from kled.kops.state_store.keyset_keys import Marks
from kled.operations.identity import keys_in_snapshots, machine_keys
from kled.operations.session import Session

_NO_COPY: Final = (
    "no snapshot is known to have them: copy them from another store or from a control plane's"
    " machine (docs/recovery.md)"
)


def way(session: Session, cluster: str, keys: frozenset[str], named: Marks) -> str:
    """Say from which snapshot lost keys are put back, or from where else; raises what it raises.

    `named` are the keys that a keyset in the snapshot must have.
    """
    kept = keys_in_snapshots.snapshot_with(session, cluster, keys, named)
    if kept is not None:
        return f"put them back with {_restore(cluster, kept.id)} --yes"
    for one in keys_in_snapshots.newest(session, cluster, keys, named):
        if keys_in_snapshots.held(session, one, keys, named):
            return (
                f"no snapshot that can be trusted has them; {one.ref.id} has"
                f" ({one.trust.reasons[0]}): {_restore(cluster, one.ref.id)} --untrusted shows what"
                " it would put back"
            )
    other = keys_in_snapshots.snapshot_with(session, cluster, keys)
    if other is not None:
        wrong = keys_in_snapshots.other_than_named(session, other, keys, named)
        return machine_keys.other_than(other.id, wrong)
    return _NO_COPY


def _restore(cluster: str, snapshot: str) -> str:
    return f"kled snapshot restore --name={cluster} --snapshot={snapshot} --class=identity"
