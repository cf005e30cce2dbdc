"""A cluster that snapshots know and the state store lacks is to be put back, not made again."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from kled.commands import CREATE_AGAIN
from kled.errors import KledError, NotApproved
from kled.operations.guards.taken_snapshot import advise_on_stores
from kled.operations.recovery.known_epoch import known_epoch
from kled.operations.session import Session
from kled.sentences import options
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.snapshot.epoch.epoch import Epoch
    from kled.snapshot.repository import SnapshotStore

_NAMED: Final = 3
_LOOKED_AT: Final = 20
"""Clusters of a snapshot store that are looked at: the store may be that of many state stores."""
_UNSURE: Final = (
    "; where its keys may have been rotated after that snapshot, compare them with a control"
    " plane's machine before an update (docs/recovery.md): nothing here tells it"
)


def refuse(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where the cluster lived here and nobody deleted it with kled.

    kops would make a new cluster over it, with new CA keys that no running machine trusts. An
    unregistered cluster lives on; one whose epoch was never written is known by its snapshots. Only
    reads. The state store must lack the cluster, and a snapshot store must be configured.
    """
    from kled.snapshot.choosing import way_back  # noqa: PLC0415 - not for --help

    with advise_on_stores():
        snapshots, known = session.snapshot_store, known_epoch(session, cluster)
        if not _lived_here(session, cluster, known):
            return
        back = way_back(snapshots, cluster, state=session.stores.remembering)
    what = "is gone from the state store, and kled did not delete it"
    if known is not None and known.unregistered:
        what = "was unregistered, and its machines run on"
        back = back.replace(" --yes", " --with-control --yes")
    raise NotApproved(
        f'cluster "{cluster}" {what}; nothing was changed',
        hint=f"to put it back (with --with-control where its machines run on): {back}{_UNSURE};"
        f" only to begin again with other keys: {CREATE_AGAIN} --new-identity={cluster}",
    )


def say_lost(session: Session) -> str:
    """Say which clusters an empty state store has lost, and how they are put back; empty: none.

    For a list, which must not fail for it: of a snapshot store that does not answer nothing is
    said. Those that kled deleted or unregistered are not lost. Some requests for each of the first
    clusters of the snapshot store; only reads.
    """
    if session.settings.snapshot_store is None:
        return ""
    lost: list[str] = []
    with suppress(KledError):
        lost.extend(islice(_lost(session), _NAMED))
    if not lost:
        return ""
    back = f"kled snapshot restore {options(name=lost[0], snapshot='latest')}"
    return (
        f"snapshots know {', '.join(lost)}, and kled did not delete"
        f" {'it' if len(lost) == 1 else 'them'}: is this the right state store, and all of it?"
        f" to put {lost[0]} back: {back}"
    )


def _lost(session: Session) -> Iterator[str]:
    for cluster in islice(_snapshotted(session.snapshot_store), _LOOKED_AT):
        known = known_epoch(session, cluster)
        if not (known is not None and known.unregistered) and _lived_here(session, cluster, known):
            yield cluster


def _snapshotted(snapshots: "SnapshotStore") -> Iterator[str]:
    """Yield the clusters of the snapshot store; a request for each, whatever it keeps of them."""
    from kled.snapshot.documents import names  # noqa: PLC0415 - not for --help

    after = ""
    while entry := next(snapshots.store.entries(names.CLUSTERS, start_after=after), None):
        cluster = entry.key.removeprefix(names.CLUSTERS).partition("/")[0]
        yield cluster
        after = f"{names.CLUSTERS}{cluster}0"  # `0` comes after `/`


def _lived_here(session: Session, cluster: str, known: "Epoch | None") -> bool:
    """Say whether snapshots are of a cluster of this state store whose deletion never began."""
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    here = session.state_store.location.url
    if known is not None and epoch.is_ending(known, here):
        return False
    if known is not None and not known.vacant and not is_same(known.state_store, here):
        return False
    past = known.past if known is not None else ""
    return any(ref.id > past for ref in session.snapshot_store.list(cluster))
