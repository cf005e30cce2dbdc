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
    verification_keys: tuple[str, ...] = ()
    """Base64 of raw Ed25519 public keys, of those who write and who prove; what is read must
    be signed with one of them. Empty with a signing key: its public half is the only one."""

    def describe(self) -> Mapping[str, object]:
        """Return what `kled.json` says of them: nothing private."""
        first = self.verification_keys[0] if self.verification_keys else None
        return {"recipients": list(self.recipients), "verification_key": first}
