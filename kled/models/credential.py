"""Secrets, key pairs and SSH keys of a cluster: names and facts, never the secret itself."""

from dataclasses import dataclass
from typing import Final

SECRET_KINDS: Final = ("ciliumpassword", "dockerconfig", "encryptionconfig")
"""What `kops create secret` takes; every other secret is a token that kops makes itself."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of a stored secret."""

    name: str

    @property
    def type(self) -> str:
        """The kind that `kops create secret` calls it, else `token`."""
        return self.name if self.name in SECRET_KINDS else "token"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"name": self.name, "type": self.type}


@dataclass(frozen=True, slots=True)
class Keypair:
    """One certificate of a keyset and whether its private key is stored with it."""

    name: str
    """The keyset, for example `kubernetes-ca`."""
    id: str
    primary: bool
    """Whether new certificates are issued with it."""
    subject: str
    issued: str
    expires: str
    has_private_key: bool
    distrusted: str = ""
    """When it was distrusted (RFC 3339); empty where it is trusted."""
    problem: str = ""
    """Why kops cannot read the keyset; then only its name is known. Empty: it can."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "name": self.name,
            "id": self.id,
            "primary": self.primary,
            "subject": self.subject,
            "issued": self.issued,
            "expires": self.expires,
            "has_private_key": self.has_private_key,
            "distrusted": self.distrusted,
            **({"problem": self.problem} if self.problem else {}),
        }
