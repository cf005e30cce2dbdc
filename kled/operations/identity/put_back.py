"""From where a cluster's lost keys are put back: from a snapshot that has the right ones."""

from collections.abc import Collection
from typing import Final

from kled.kops.state_store import keyset_keys
from kled.kops.state_store.keyset_keys import Marks
from kled.operations.identity import keys_in_snapshots, machine_keys
from kled.operations.session import Session
from kled.sentences import enumerated

_SHOWN: Final = 4
_NO_COPY: Final = (
    "no snapshot is known to have them: copy them from another store or from a control plane's"
    " machine (docs/recovery.md)"
)


def way_to_put_back(
    session: Session,
    cluster: str,
    keys: frozenset[str],
    named: Marks,
    untold: Collection[str] = (),
) -> str:
    """Say from which snapshot, or from where else, lost keys are put back.

    `named` are the keys that a keyset in the snapshot must have. For the keysets in `untold`
    nothing tells which key is the right one, and the sentence says so. Raises what the snapshot
    store raises.
    """
    kept = keys_in_snapshots.snapshot_with(session, cluster, keys, named)
    if kept is not None:
        kept_keysets = keyset_keys.files(record.key for record in kept.objects)
        doubt = _unsure(kept_keysets.keys() & set(untold))
        return f"put them back with {_restore(cluster, kept.id)} --yes{doubt}"
    for judged in keys_in_snapshots.newest(session, cluster, keys, named):
        if keys_in_snapshots.count_held(session, judged, keys, named):
            return (
                f"no snapshot that can be trusted has them; {judged.ref.id} has"
                f" ({judged.trust.reasons[0]}): {_restore(cluster, judged.ref.id)} --untrusted"
                " shows what it would put back"
            )
    other = keys_in_snapshots.snapshot_with(session, cluster, keys)
    if other is not None:
        wrong = keys_in_snapshots.other_than_named(session, other, keys, named)
        return machine_keys.refuse_as_source(other.id, wrong)
    return _NO_COPY


def _unsure(keysets: Collection[str]) -> str:
    """Say that these keysets may have been rotated since the snapshot; empty for none."""
    if not keysets:
        return ""
    return (
        f"; nothing in the state store tells whether {enumerated(sorted(keysets), _SHOWN)} is the"
        " key that machines run with: where a rotation may have come after that snapshot, compare"
        " it with a control plane's machine before an update (docs/recovery.md)"
    )


def _restore(cluster: str, snapshot: str) -> str:
    return f"kled snapshot restore --name={cluster} --snapshot={snapshot} --class=identity"
