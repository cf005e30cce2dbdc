"""The keys that a cluster's machines run with, as their configuration names them.

kops writes the configuration with each update, and snapshots may be older: after a rotation that no
snapshot has seen, only the configuration knows the right key. It names a wrong key after a kops
made a key again, until the machines are rolled. The cloud tells the two cases apart.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kled.errors import KledError, ObjectMissing
from kled.kops.state_store import keyset_keys, layout
from kled.kops.state_store.identity import NODE_CONFIGS
from kled.kops.state_store.keyset_keys import Marks
from kled.models.rolling import Roll
from kled.operations.session import Session
from kled.sentences import enumerated
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.snapshot.losses.other_keysets import OtherKeysets
    from kled.storage.base import ObjectStore

FROM_ELSEWHERE: Final = (
    "copy the right one from a control plane's machine (docs/recovery.md), or from an earlier"
    " version of the object where the bucket keeps versions"
)
_SHOWN: Final = 4


def named_marks(store: "ObjectStore", cluster: str) -> Marks:
    """Return the marks of the keys that the control plane's configuration names. Only reads.

    A configuration that cannot be read, or is another cluster's, names none. Raises what the store
    raises.
    """
    prefix = f"{cluster}/"
    keys = [entry.key for entry in store.entries(f"{prefix}{NODE_CONFIGS}")]
    configs = {}
    for key in keys:
        try:
            configs[key.removeprefix(prefix)] = get_bounded(store, key).body
        except ObjectMissing:  # removed since
            continue
    return keyset_keys.of_machines(configs, cluster)


def keysets_made_again(session: Session, cluster: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the keysets whose stored key the configuration names: a kops wrote both.

    For the other keysets the configuration still names the right key. Only reads.
    """
    store = session.state_store
    files = keyset_keys.files(f"{layout.KEYSETS}{name}/{layout.KEYSET_FILE}" for name in names)
    stored = {}
    for key in files.values():
        try:
            stored[key] = get_bounded(store, f"{cluster}/{key}").body
        except ObjectMissing:
            continue
    lacking = keyset_keys.lacking(named_marks(store, cluster), keyset_keys.of_store(stored))
    return tuple(name for name in files if name not in lacking)


def refuse_as_source(snapshot: str, keysets: Iterable[str]) -> str:
    """Say why a snapshot cannot give these keysets back, and where to look instead."""
    return (
        f"do NOT restore {enumerated(tuple(keysets), _SHOWN)} from snapshot {snapshot}: it has"
        " another key than the machines' configuration names, as after a rotation that no snapshot"
        f" has seen: {FROM_ELSEWHERE}"
    )


def confirm(session: Session, cluster: str, others: "OtherKeysets") -> "OtherKeysets":
    """Return the comparison, with the cloud's answer for keys that are as in the snapshot.

    These keysets lack the key that the machines' configuration names. Where a machine of the
    control plane is up to date, it runs with that key. Where all machines are older, no machine has
    the key that the configuration names, and an update mends it. Asks kops only where there is such
    a keyset.
    """
    if not others.as_before or not _is_up_to_date(session, cluster):
        return others
    return replace(others, of_machines=tuple(sorted({*others.of_machines, *others.as_before})))


def all_run_with(session: Session, cluster: str) -> bool:
    """Say whether every machine is up to date with its configuration.

    The answer is no where kops cannot tell. If it is yes, the cluster lives by the keys that the
    configuration names, whatever a snapshot has.
    """
    try:
        plan = session.kops.cluster.preview_rolling_update(cluster, Roll(cloudonly=True))
    except KledError as error:
        session.note(f"whether machines run with the stored keys is not known: {error.message}")
        return False
    return plan.is_empty and any(row.ready for row in plan.rows)


def _is_up_to_date(session: Session, cluster: str) -> bool:
    prefix = f"{cluster}/{NODE_CONFIGS}"
    keys = (entry.key for entry in session.state_store.entries(prefix))
    groups = {key.removeprefix(prefix).split("/")[0] for key in keys}
    rows = session.kops.cluster.preview_rolling_update(cluster, Roll(cloudonly=True)).rows
    return any(row.instance_group in groups and row.ready for row in rows)
