"""Where a cluster lives by the snapshot store, with URLs as this session spells them."""

from typing import TYPE_CHECKING

from kled.operations.session import Session
from kled.operations.stores import require_state_store

if TYPE_CHECKING:
    from kled.snapshot.epoch.epoch import Epoch


def here(session: Session) -> str:
    """Return the URL by which manifests, runs and epochs know the state store at hand."""
    require_state_store(session.settings)
    return session.state_store.location.url


def known_epoch(session: Session, cluster: str) -> "Epoch | None":
    """Return the cluster's epoch; it names the state store at hand as `here` does. Only reads.

    An earlier version of kled wrote do://BUCKET into epochs, as it was typed, and s3://BUCKET
    elsewhere. Raises what `epoch.read` raises.
    """
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - only where snapshots are kept

    known = epoch.read(session.snapshot_store, cluster)
    if known is None:
        return None
    return epoch.respell(known, require_state_store(session.settings), here(session))
