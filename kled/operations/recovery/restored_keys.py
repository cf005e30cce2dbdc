"""Whether the restored objects fit the keys that a cluster's machines run with.

The machines' configuration in the state store names those keys, and an update writes it, while a
snapshot may be older than the last rotation. So a lost keyset comes back only from a snapshot that
has the named key, and a configuration only where the keys that it names are still trusted.
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from kled.errors import NotApproved
from kled.kops.state_store import keyset_keys
from kled.operations.identity import machine_keys
from kled.operations.recovery import kept_witness
from kled.sentences import enumerated
from kled.storage.bounded import get_if_readable

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Settled
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.storage.base import ObjectStore

_SHOWN: Final = 3
_CONFIGURATION: Final = frozenset({"identity", "derived"})
"""The classes of objects that hold keys, or name them."""


def restore_without_keys(meant: "Settled") -> str:
    """Return the command that restores all but keys and what names them; empty: that is nothing."""
    rest = tuple(kind for kind in meant.wish.classes if kind not in _CONFIGURATION)
    return f"; without its keys: {meant.wish.again(**{'class': rest})}" if rest else ""


def require(store: "ObjectStore", meant: "Settled", planned: "RestorePlan") -> None:
    """Raise `NotApproved` where a restore would write keys, or names of keys, of another time.

    `store` is the target. A copy, in which no cluster lives, is exempt.
    """
    if "/" in meant.wish.place.cluster:
        return
    archived = _archived(planned)
    _require_named(store, meant, planned, archived)
    _require_trusted(store, meant, planned, archived)
    kept_witness.require(store, meant, planned, archived)


def _require_named(
    store: "ObjectStore", meant: "Settled", planned: "RestorePlan", archived: Mapping[str, bytes]
) -> None:
    """Raise for a lost keyset that would come back without the key that the machines run with.

    A stored keyset that has that key by its id was made by a kops, and the snapshot's replaces it.
    One that has the certificate under another id was copied by a person from a machine, and one
    with neither was put there by somebody.
    """
    written = keyset_keys.files(archived)
    if not written:
        return
    named = machine_keys.named_marks(store, meant.wish.place.cluster)
    has = keyset_keys.of_store({key: _body(store, planned, key) for key in written.values()})
    lost = {name for name in written if name not in has} | set(keyset_keys.lacking(named, has))
    asked = {name: named[name] for name in lost & named.keys()}
    wrong = keyset_keys.lacking(asked, keyset_keys.of_store(archived))
    if wrong:
        wish = meant.wish
        raise NotApproved(
            f"snapshot {wish.snapshot} of {wish.cluster} has another key as"
            f" {enumerated(wrong, _SHOWN)} than the machines' configuration names, as after a"
            " rotation that no snapshot has seen: machines may distrust it by now; nothing was"
            " changed",
            hint=f"{machine_keys.FROM_ELSEWHERE}{restore_without_keys(meant)}; only where a"
            f" machine's own copy is the snapshot's: {wish.again(new_identity=wish.cluster)}",
        )


def _require_trusted(
    store: "ObjectStore", meant: "Settled", planned: "RestorePlan", archived: Mapping[str, bytes]
) -> None:
    """Raise for a configuration that names keys which are stored as distrusted, or not at all.

    Where the snapshot's own keyset is stored, or is restored along, the two are of one time.
    """
    named = keyset_keys.of_machines(archived, meant.wish.cluster, below=keyset_keys.CONFIGS)
    files = keyset_keys.files(record.key for record in planned.manifest.objects)
    digests = {record.key: record.sha256 for record in planned.manifest.objects}
    stored = {
        key: body
        for name in named.keys() & files.keys()
        if (key := files[name]) not in archived
        and (body := _body(store, planned, key))
        and hashlib.sha256(body).hexdigest() != digests[key]
    }
    wrong = keyset_keys.untrusted(named, stored)
    if wrong:
        wish = meant.wish
        raise NotApproved(
            f"snapshot {wish.snapshot} of {wish.cluster} configures machines with keys from before"
            f" a rotation: {enumerated(wrong, _SHOWN)} of it are distrusted or not stored any more;"
            " nothing was changed",
            hint="an update writes what machines are configured with: kled kops update-cluster"
            f" --name={wish.cluster}{kept_witness.rest_of(wish)}; only where the rotation is to be"
            f" undone: {wish.again(new_identity=wish.cluster)}",
        )


def _archived(planned: "RestorePlan") -> dict[str, bytes]:
    """Return the keysets and the machines' configurations that would be written."""
    from kled.snapshot.verify.contents import archived_objects  # noqa: PLC0415 - not for --help

    written = {write.record.key for write in planned.writes}
    configs = {key for key in written if keyset_keys.is_node_config(key, keyset_keys.CONFIGS)}
    meant = {*keyset_keys.files(written).values(), *configs}
    objects = archived_objects(planned.manifest, planned.packed) if meant else ()
    return {record.key: body for record, body in objects if record.key in meant}


def _body(store: "ObjectStore", planned: "RestorePlan", key: str) -> bytes:
    """Return the stored object; empty where it is gone, or too large to be a keyset."""
    return get_if_readable(store, f"{planned.prefix}{key}") or b""
