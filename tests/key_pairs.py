"""Real key pairs for keysets: the same for the same name, in every process, and made at once."""

import base64
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY = "kubernetes-ca"


class Pair(NamedTuple):
    """A certificate that signed itself, and its private key, as PEM."""

    certificate: bytes
    key: bytes


@cache
def pair(name: str) -> Pair:
    """The key pair of that name."""
    key = _key(name)
    return Pair(_certificate(name, key, 1 + len(name)), _pem(key))


def issued_again(name: str) -> bytes:
    """Another certificate of the key of that name, as PEM."""
    return _certificate(name, _key(name), 1000 + len(name))


def authority(*keys: tuple[str, str]) -> bytes:
    """A keyset of authorities that bear the name which kops gives them; the first signs."""
    items = (
        item(number, _certificate(AUTHORITY, _key(name), 1), _pem(_key(name)))
        for number, name in keys
    )
    return keyset_of(items, keys[0][0])


def issued_by(name: str, *, issuer: str | None = None, number: str = "") -> Pair:
    """A certificate for a server that the authority with the key of that name issued.

    Its issuer has the `number` in its name, as one that `kops create keypair` made.
    """
    key = _key(f"server of {name}")
    called = _called(issuer or AUTHORITY, number)
    served = _certificate("server", key, 7, issuer=called, signer=_key(name))
    return Pair(served, _pem(key))


def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(
        int.from_bytes(hashlib.sha256(name.encode()).digest()) >> 1, ec.SECP256R1()
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    *,
    issuer: x509.Name | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .issuer_name(issuer or _called(name))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(signer or key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _called(name: str, number: str = "") -> x509.Name:
    numbered = [x509.NameAttribute(NameOID.SERIAL_NUMBER, number)] if number else []
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64]), *numbered])


def encoded(material: bytes) -> str:
    """The material as a keyset holds it."""
    return base64.b64encode(material).decode()


def item(number: str, certificate: bytes | None, key: bytes | None) -> str:
    """One key of a keyset, in the lines that kops writes."""
    lines = [f'  - id: "{number}"']
    lines += [f"    privateMaterial: {encoded(key)}"] if key is not None else []
    lines += [f"    publicMaterial: {encoded(certificate)}"] if certificate is not None else []
    return "\n".join(lines)


def keyset_of(items: Iterable[str], primary: str | None, name: str = "kubernetes-ca") -> bytes:
    """A keyset of these keys as kops writes it."""
    return "\n".join(
        [
            *("apiVersion: kops.k8s.io/v1alpha2", "kind: Keyset", "metadata:", f"  name: {name}"),
            *("spec:", "  keys:"),
            *items,
            *([f'  primaryId: "{primary}"'] if primary is not None else []),
            "  type: Keypair\n",
        ]
    ).encode()


def keyset(*keys: tuple[str, str]) -> bytes:
    """A keyset of key pairs, each with its id and its name; the first is the primary one."""
    items = [item(number, *pair(name)) for number, name in keys]
    return keyset_of(items, keys[0][0])
