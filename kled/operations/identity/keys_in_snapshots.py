"""The snapshots that have keys which the cluster has lost."""

from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kled.errors import KledError
from kled.kops.state_store import keyset_keys
from kled.kops.state_store.keyset_keys import Marks
from kled.operations.identity import whole_copies
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.trust.judging import Judged

_NOTHING: Final[Marks] = MappingProxyType({})
_LOOKED_AT: Final = 50
"""How many snapshots are searched for lost keys, newest first."""


def snapshot_with(
    session: Session, cluster: str, keys: frozenset[str], named: Marks = _NOTHING
) -> "Manifest | None":
    """Return the newest trusted snapshot that has all of `keys`, else the one with most of them.

    A snapshot whose keysets lack a key in `named` counts as one without any of them. None where no
    snapshot store is configured, or no snapshot has any. Snapshots of an earlier cluster of that
    name, which was deleted, do not count.
    """
    known = [judged for judged in newest(session, cluster, keys, named) if judged.trust.trusted]
    numbers = [count_held(session, judged, keys, named) for judged in known]
    most = max(numbers, default=0)
    return known[numbers.index(most)].manifest if most else None


def newest(
    session: Session, cluster: str, keys: frozenset[str], named: Marks = _NOTHING
) -> "list[Judged]":
    """Return the newest snapshots, newest first, up to a trusted one that has all of `keys`."""
    from kled.snapshot.choosing import walk_newest_first  # noqa: PLC0415 - not for --help

    if session.settings.snapshot_store is None:
        return []
    known: list[Judged] = []
    kept, state = session.snapshot_store, session.stores.remembering
    for judged in islice(walk_newest_first(kept, cluster, state), _LOOKED_AT):
        known.append(judged)
        if judged.trust.trusted and count_held(session, judged, keys, named) == len(keys):
            break
    return known


def is_kept(session: Session, cluster: str, key: str) -> bool:
    """Say whether a trusted snapshot has the object; no, where the store does not answer."""
    try:
        return snapshot_with(session, cluster, frozenset({key})) is not None
    except KledError as error:
        session.note(f"whether a snapshot has {key} is not known: {error.message}")
        return False


def count_held(
    session: Session, judged: "Judged", keys: frozenset[str], named: Marks = _NOTHING
) -> int:
    """Return how many of the objects the snapshot has whole; 0 where it has other keys."""
    if judged.manifest is None or other_than_named(session, judged.manifest, keys, named):
        return 0
    return len(whole_copies.whole_keys(session, judged.manifest, keys))


def other_than_named(
    session: Session, manifest: "Manifest", keys: frozenset[str], named: Marks
) -> tuple[str, ...]:
    """Return which keysets at `keys` lack in the snapshot a key that is `named`; sorted.

    Keysets whose keys nobody can read are left out. Asks the store only where something is named.
    """
    from kled.snapshot.losses.other_keysets import read_keyset_marks  # noqa: PLC0415 - not for --help

    meant = {name: named[name] for name in keyset_keys.files(keys) if name in named}
    if not meant:
        return ()
    return keyset_keys.lacking(meant, read_keyset_marks(session.snapshot_store, manifest))


def identity_keys(manifest: "Manifest") -> frozenset[str]:
    """Return the keysets and secrets of the snapshot, relative to the cluster's prefix."""
    return frozenset(record.key for record in manifest.objects if record.kind == "identity")
