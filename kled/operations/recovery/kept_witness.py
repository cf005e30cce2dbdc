"""A restore leaves the machines' configuration where it would replace the names of their keys.

The configuration may be the only witness of those keys: of a rotation that no snapshot has seen,
and of a keyset that is lost later. So it is only replaced together with a keyset that comes back.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from kled.errors import NotApproved
from kled.kops.state_store import identity, keyset_keys
from kled.operations.records import open_restore
from kled.sentences import enumerated
from kled.storage.bounded import get_if_readable

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Settled, Wish
    from kled.snapshot.restore.restore_plan import RestorePlan
    from kled.storage.base import ObjectStore

_SHOWN: Final = 3


def require(
    store: "ObjectStore", meant: "Settled", planned: "RestorePlan", archived: Mapping[str, bytes]
) -> None:
    """Raise `NotApproved` where a configuration with other keys would be replaced. Only reads.

    `archived` are the keysets and configurations that would be written. A keyset that is written,
    too, was checked before, and its configuration goes with it. A restore that was allowed to begin
    may end.
    """
    if open_restore.is_halfway(store, meant.wish):
        return
    witness = dict(_witness(store, planned))
    names = {*_renamed(planned, witness, archived), *_unnamed(store, planned, witness, archived)}
    names -= keyset_keys.files(archived).keys()
    if not names:
        return
    wish = meant.wish
    raise NotApproved(
        f"what machines of {wish.cluster} are configured with is the witness of which keys they run"
        f" with, and snapshot {wish.snapshot} would have it name others as"
        f" {enumerated(sorted(names), _SHOWN)}, or none; nothing was changed",
        hint="an update writes it, after a look at the keys: kled kops update-cluster"
        f" --name={wish.cluster}{rest_of(wish)}; only where a machine's own copy of them is the"
        f" snapshot's: {wish.again(new_identity=wish.cluster)}",
    )


def rest_of(wish: "Wish") -> str:
    """Return the options that restore everything except the machines' configuration; or nothing."""
    rest = tuple(kind for kind in wish.classes if kind != "derived")
    return f"; the rest: {wish.again(**{'class': rest})}" if rest else ""


def _witness(store: "ObjectStore", planned: "RestorePlan") -> Iterator[tuple[str, bytes]]:
    """Yield the configurations that would be replaced or deleted, by relative key."""
    for key in (*planned.replaced("derived"), *planned.deletes):
        if _is_config(key):
            yield key, (get_if_readable(store, f"{planned.prefix}{key}") or b"")


def _renamed(
    planned: "RestorePlan", witness: Mapping[str, bytes], archived: Mapping[str, bytes]
) -> Iterator[str]:
    """Yield the keysets for which a file would name another key."""
    for key in witness.keys() & archived.keys():
        named, naming = (_named(planned, {key: files[key]}) for files in (witness, archived))
        yield from keyset_keys.lacking(named, naming)


def _unnamed(
    store: "ObjectStore",
    planned: "RestorePlan",
    witness: Mapping[str, bytes],
    archived: Mapping[str, bytes],
) -> Iterator[str]:
    """Yield the keysets whose keys nothing would name any more."""
    for key, body in witness.items():
        renamed = _named(planned, {key: archived[key]}) if key in archived else {}
        for name, marks in _named(planned, {key: body}).items():
            if name not in renamed and not _is_told(store, planned, name, marks):
                yield name


def _is_told(
    store: "ObjectStore", planned: "RestorePlan", name: str, marks: frozenset[str]
) -> bool:
    """Say whether a configuration of the snapshot names the key, or the stored keyset has it."""
    from kled.snapshot.verify.contents import archived_objects  # noqa: PLC0415 - not for --help

    objects = archived_objects(planned.manifest, planned.packed)
    configs = {record.key: body for record, body in objects if _is_config(record.key)}
    coming = _named(planned, configs)
    keyset = keyset_keys.files(record.key for record in planned.manifest.objects).get(name)
    key = keyset or identity.keyset_key(name)
    stored = keyset_keys.of_store({key: (get_if_readable(store, f"{planned.prefix}{key}") or b"")})
    return any(
        name in known and not keyset_keys.lacking({name: marks}, known)
        for known in (coming, stored)
    )


def _named(planned: "RestorePlan", objects: Mapping[str, bytes]) -> keyset_keys.Marks:
    return keyset_keys.of_machines(objects, planned.manifest.cluster, below=keyset_keys.CONFIGS)


def _is_config(key: str) -> bool:
    return keyset_keys.is_node_config(key, keyset_keys.CONFIGS)
