"""Ed25519 signatures of manifests: age limits who may read, a signature proves who wrote.

The signed message is `kled snapshot manifest 1`, a line feed, and the manifest's digest in
hexadecimal, all ASCII (docs/snapshot-format.md §7).
"""

import base64
import binascii
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from kled.errors import InvalidInput, SnapshotNotTrustworthy
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import Manifest, Signature
from kled.snapshot.documents.sealing import private_text
from kled.snapshot.trust.settling import OTHER_KEY, UNSIGNED

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PURPOSE: Final = b"kled snapshot manifest 1\n"
_KEY_BYTES: Final = 32
_UNSIGNED: Final = (
    "one from before the first signing key has a signed successor, so move its directory out of"
    " the snapshot store; another was written without the key: find out by whom"
)


def sign(manifest: Manifest, key_file: Path) -> Manifest:
    """Return the manifest with a signature; raise `InvalidInput` where the file holds no key."""
    signature = signature_of(_PURPOSE + manifest.digest.encode(), key_file)
    return manifest.model_copy(update={"signature": signature})


def signature_of(message: bytes, key_file: Path) -> Signature:
    """Return the signature of `message`; raise `InvalidInput` where the file holds no key."""
    key = _private_key(key_file)
    public = key.public_key().public_bytes_raw()
    value = _text(key.sign(message))
    return Signature(algorithm="ed25519", public_key=_text(public), value=value)


def public_key(key_file: Path) -> str:
    """Return the verification key of a signing key: base64 of its raw public key."""
    return _text(_private_key(key_file).public_key().public_bytes_raw())


def verification_keys(keys: Keys) -> tuple[str, ...]:
    """Return the public keys that signatures must be made with; empty where none are checked.

    Where only a signing key is configured, its public half is the verification key. Raises
    `InvalidInput` for a malformed key, and where the signing key's public half is missing among the
    named ones: nobody would accept what it signs.
    """
    named = tuple(_text(decode_public_key(text)) for text in keys.verification_keys)
    if keys.signing_key is None:
        return named
    own = public_key(keys.signing_key)
    if named and own not in named:
        raise InvalidInput(
            "KLED_SNAPSHOT_SIGNING_KEY",
            f"{keys.signing_key} does not fit the verification keys: its public key is {own}",
            hint="name the key that fits, or add that public key to"
            " KLED_SNAPSHOT_VERIFICATION_KEY (several are separated by commas)",
        )
    return named or (own,)


def require(manifest: Manifest, keys: Collection[str]) -> None:
    """Raise `SnapshotNotTrustworthy` unless the manifest is signed with one of these keys."""
    what = f"the manifest of {manifest.cluster} {manifest.id}"
    require_signature(manifest.signature, manifest.digest, what, keys)


def require_signature(value: object, digest: str, what: str, keys: Collection[str]) -> None:
    """Raise `SnapshotNotTrustworthy` unless `value` is a manifest's signature over this digest."""
    if value is None:
        raise SnapshotNotTrustworthy(f"{what} {UNSIGNED}", hint=_UNSIGNED)
    try:
        signature = Signature.model_validate(value)
    except ValidationError as error:
        raise SnapshotNotTrustworthy(f"{what} has a damaged signature") from error
    if not fits(signature, _PURPOSE + digest.encode(), keys):
        raise SnapshotNotTrustworthy(f"{what} {OTHER_KEY}")


def fits(signature: Signature, message: bytes, keys: Collection[str]) -> bool:
    """Say whether the signature is one of `message` by one of these keys, in canonical base64."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    if signature.public_key not in keys:
        return False
    try:
        value = base64.b64decode(signature.value, validate=True)
        raw = decode_public_key(signature.public_key)
        Ed25519PublicKey.from_public_bytes(raw).verify(value, message)
    except (InvalidSignature, binascii.Error):
        return False
    return signature.value == _text(value)


def decode_public_key(text: str) -> bytes:
    """Return the raw key; raise `InvalidInput` unless `text` is the base64 of 32 bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:  # also for what is not ASCII
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise InvalidInput(
            "KLED_SNAPSHOT_VERIFICATION_KEY",
            f"{text[:60]!r} is not the base64 of an Ed25519 public key",
            hint="openssl pkey -in KEY -pubout -outform DER | tail -c 32 | base64; several keys are"
            " separated by commas",
        )
    return raw


def _private_key(path: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    text = private_text(path, "KLED_SNAPSHOT_SIGNING_KEY")
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError):
        key = None  # what it said may quote the key
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput(
            "KLED_SNAPSHOT_SIGNING_KEY",
            f"{path} holds no Ed25519 private key in PEM without a passphrase",
            hint="openssl genpkey -algorithm ed25519 -out KEY && chmod 600 KEY",
        )
    return key


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
