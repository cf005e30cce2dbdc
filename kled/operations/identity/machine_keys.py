"""The keys that a cluster's machines are told to run with: their configuration names them.

kops writes it with each update, and snapshots may be older: after a rotation that none has seen it
alone knows which key is the right one. It tells the wrong one after a kops made a key anew, until
the machines are rolled: what is put back then is not what it names. The cloud tells both apart.
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
    from kled.snapshot.losses.other_keysets import Others
    from kled.storage.base import ObjectStore

FROM_ELSEWHERE: Final = (
    "copy the right one from a control plane's machine (docs/recovery.md), or from an earlier"
    " version of the object where the bucket keeps versions"
)
_SHOWN: Final = 4


def named_marks(store: "ObjectStore", cluster: str) -> Marks:
    """Return the marks of the keys that the control plane's configuration names; only reads.

    What cannot be read, or is of another cluster, names none. Raises what the store raises.
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
    """Return which of the keysets hold the key that the configuration names: a kops wrote both.

    Of the others it tells which key is the right one still. Only reads.
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
    """Say that a snapshot is not the one to restore these keysets from, and what is."""
    return (
        f"do NOT restore {enumerated(tuple(keysets), _SHOWN)} from snapshot {snapshot}: it has"
        " another key than the machines' configuration names, as after a rotation that no snapshot"
        f" has seen: {FROM_ELSEWHERE}"
    )


def confirm(session: Session, cluster: str, others: "Others") -> "Others":
    """Return the comparison with what the cloud says of keys that are as in the snapshot.

    They lack the key that the machines' configuration names. Where a control plane's machine is up
    to date with it, it runs with that key; where all are older, the configuration tells of a key
    that no machine has, and an update mends it. Asks kops only where that is in question.
    """
    if not others.as_before or not _is_up_to_date(session, cluster):
        return others
    return replace(others, of_machines=tuple(sorted({*others.of_machines, *others.as_before})))


def all_run_with(session: Session, cluster: str) -> bool:
    """Whether every machine is up to date with the configuration; who cannot be asked says no.

    Then the keys that it names are those that the cluster lives by, whatever a snapshot has.
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
