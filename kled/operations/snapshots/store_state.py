"""Says where the snapshot store is and how it is protected."""

from typing import TYPE_CHECKING

from kled.errors import SnapshotMissing
from kled.operations import stores
from kled.operations.snapshots.remembered_stores import require_whole

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore


def state_of(opened: stores.Stores) -> str:
    """Say where the snapshot store is and how it is protected. Only reads.

    Reads every configured key. Raises what is wrong with one of them, and `SnapshotMissing` or
    `SnapshotNotTrustworthy` where the state store remembers snapshots that are missing.
    """
    kept = opened.snapshots
    require_whole(opened)
    facts = ["encrypted" if kept.sealer.encrypts else "NOT ENCRYPTED"]
    facts.append(_signed(kept))
    facts.append("can be opened here" if kept.opener.can_open else "no identity here")
    try:
        kept.require()
        facts += [kept.root.finding] if kept.root.finding else []
    except SnapshotMissing:
        facts.append("empty yet")
    return f"{kept.url}: {', '.join(facts)}"


def _signed(kept: "SnapshotStore") -> str:
    """Say what signatures do here; raises `InvalidInput` for keys that do not fit together."""
    keys = len(kept.verification_keys)
    if not keys:
        return "NOT SIGNED"
    checked = "signatures are checked" + (f" with {keys} keys" if keys > 1 else "")
    return checked if kept.keys.signing_key else f"{checked}, no signing key here"
