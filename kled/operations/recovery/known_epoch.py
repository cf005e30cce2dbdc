"""What the snapshot store says of where a cluster lives, in the words of this session."""

from typing import TYPE_CHECKING

from kled.operations.session import Session
from kled.operations.stores import require_state_store

if TYPE_CHECKING:
    from kled.snapshot.epoch.epoch import Epoch


def here(session: Session) -> str:
    """Return the URL by which manifests, runs and epochs call the state store at hand."""
    require_state_store(session.settings)
    return session.state_store.location.url


def known_epoch(session: Session, cluster: str) -> "Epoch | None":
    """Return the cluster's epoch; it calls the state store at hand as `here` does. Only reads.

    An earlier kled wrote do://BUCKET into epochs, as it was typed, and s3://BUCKET into all else.
    Raises what `epoch.read` raises.
    """
    from kled.snapshot.epoch import epoch  # noqa: PLC0415 - only where snapshots are kept

    known = epoch.read(session.snapshot_store, cluster)
    if known is None:
        return None
    return epoch.respell(known, require_state_store(session.settings), here(session))
