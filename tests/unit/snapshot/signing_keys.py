"""Pairs of keys for tests: whoever signs, whoever checks, and strangers."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def signing_key(directory: Path, name: str = "signing-key") -> Path:
    """Write a new private key, readable by its owner alone, and return its file."""
    file = directory / f"{name}.pem"
    file.touch(mode=0o600)
    file.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file
