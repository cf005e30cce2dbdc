"""The keys that snapshots are encrypted, decrypted, signed and verified with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys as text; private keys only as the paths of their files."""

    recipients: tuple[str, ...] = ()
    """age recipients (`age1…`, `ssh-ed25519 …`) that new snapshots are encrypted to. Without one,
    snapshots are stored in clear."""
    identity: Path | None = None
    """A file of age identities that opens snapshots. Writing snapshots works without it."""
    signing_key: Path | None = None
    """A PEM file with an Ed25519 private key."""
    verification_keys: tuple[str, ...] = ()
    """Base64 of the raw Ed25519 public keys of those who write and verify snapshots; whatever is
    read must be signed with one of them. Where it is empty, the public half of the signing key is
    the only one."""

    def describe(self) -> Mapping[str, object]:
        """Return what `kled.json` says of the keys: the public ones."""
        first = self.verification_keys[0] if self.verification_keys else None
        return {"recipients": list(self.recipients), "verification_key": first}
