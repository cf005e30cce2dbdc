"""A cluster that snapshots know and the state store lacks is to be put back, not made again."""

from typing import Final

from kled.commands import CREATE_AGAIN
from kled.errors import NotApproved
from kled.operations.guards.taken_snapshot import advise_on_stores
from kled.operations.recovery.known_epoch import known_epoch
from kled.operations.session import Session
from kled.store_urls import is_same

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
    from kled.snapshot.choosing import way_back  # noqa: PLC0415
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - not for --help

    with advise_on_stores():
        snapshots = session.snapshot_store
        known, here = known_epoch(session, cluster), session.state_store.location.url
        if known is not None and epoch.is_ending(known, here):
            return
        if known is not None and not known.vacant and not is_same(known.state_store, here):
            return
        past = known.past if known is not None else ""
        if not any(ref.id > past for ref in snapshots.list(cluster)):
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
