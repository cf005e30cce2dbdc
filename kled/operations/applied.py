"""Whether a stored cluster was ever applied: else nothing in any cloud lives by its definition."""

from typing import Final

from kled.kops import layout
from kled.operations.session import Session

_BY_AN_UPDATE: Final = (layout.KEYSETS, "backups/")


def was_applied(session: Session, cluster: str) -> bool:
    """Whether the state store has anything of it that only an update or its machines write.

    Only reads. Keysets count, whoever made them: a definition with keys is somebody's identity.
    """
    prefix = f"{cluster}/"
    for one in session.state_store.entries(prefix):
        key = one.key.removeprefix(prefix)
        if layout.kind_of(key) == "derived" and not key.startswith("addons/"):
            return True
        if key.startswith(_BY_AN_UPDATE):
            return True
    return False
