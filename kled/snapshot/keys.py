"""Which keys snapshots are sealed, opened, signed and checked with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys as text, private ones only as the files that hold them."""

    recipients: tuple[str, ...] = ()
    """age recipients (`age1…`, `ssh-ed25519 …`) that new snapshots are encrypted to; none: they are
    not encrypted."""
    identity: Path | None = None
    """A file of age identities that opens snapshots. The worker that writes needs none."""
    signing_key: Path | None = None
    """A PEM file with an Ed25519 private key."""
    verification_key: str | None = None
    """Base64 of the raw Ed25519 public key that every manifest must be signed with."""

    def describe(self) -> Mapping[str, object]:
        """Return what `kled.json` says of them: nothing private."""
        return {"recipients": list(self.recipients), "verification_key": self.verification_key}
