"""The two public documents by which a cloud believes a cluster's service accounts. Pure.

`.well-known/openid-configuration` names the issuer and where its keys are, `openid/v1/jwks` has the
public key of every service-account key that is trusted
(`upup/pkg/fi/cloudup/wellknown`, pkg/model/issuerdiscovery.go of kops).
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from kled.documents import parse_json
from kled.errors import DocumentDamaged
from kled.kops.state_store import contents, key_material

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

CONFIGURATION: Final = ".well-known/openid-configuration"
JWKS: Final = "openid/v1/jwks"
KEYSET: Final = "service-account"
_LONGEST: Final = 40
Numbers = tuple[str, int, int]
"""The kind of a public key and its two numbers: what makes it this key and no other."""


def issuer_of(document: Mapping[str, Any]) -> str:
    """Return the issuer that the API server of an applied definition names; empty: none is told."""
    spec = document.get("spec")
    server = spec.get("kubeAPIServer") if isinstance(spec, Mapping) else None
    issuer = server.get("serviceAccountIssuer") if isinstance(server, Mapping) else None
    return issuer if isinstance(issuer, str) else ""


def problems(
    configuration: bytes | None, jwks: bytes | None, issuer: str, keyset: bytes
) -> Iterator[str]:
    """Yield what is wrong with the two documents, in words; None stands for one that is missing.

    `issuer` is what the cluster says of itself, empty where nobody knows; `keyset` is the stored
    one of service accounts. Keys that the JWKS has beyond those are no problem of this kind.
    """
    for name, body in ((CONFIGURATION, configuration), (JWKS, jwks)):
        if body is None:
            yield f"{name} is missing"
    if configuration is not None:
        yield from _of_configuration(configuration, issuer)
    if jwks is not None:
        yield from _of_keys(jwks, keyset)


def _of_configuration(body: bytes, issuer: str) -> Iterator[str]:
    document = _mapping(body)
    named = document.get("issuer") if document else None
    if not isinstance(named, str):
        yield f"{CONFIGURATION} names no issuer"
    elif issuer and named.rstrip("/") != issuer.rstrip("/"):
        yield f"{CONFIGURATION} names the issuer {named[:200]}, and the cluster's is {issuer}"


def _of_keys(body: bytes, keyset: bytes) -> Iterator[str]:
    document = _mapping(body)
    keys = document.get("keys") if document else None
    if not isinstance(keys, list):
        yield f"{JWKS} has no list of keys"
        return
    published = {numbers for key in keys if (numbers := _published(key)) is not None}
    for number, numbers in trusted_keys(keyset):
        if numbers is not None and numbers not in published:
            yield (
                f"{JWKS} lacks the service-account key {number}: clouds refuse the tokens that it"
                " signs"
            )


def trusted_keys(keyset: bytes) -> Iterator[tuple[str, Numbers | None]]:
    """Yield the id of each key of a keyset that is not distrusted, and its numbers.

    None stands for numbers of a certificate that cannot be read, or of a kind that no token has.
    """
    for key in contents.keys_of(keyset):
        if not key.get("distrustTimestamp"):
            certificate = key_material.certificate(key.get("publicMaterial"))
            numbers = None if certificate is None else _numbers(certificate.public_key())
            yield str(key.get("id") or "(none)")[:_LONGEST], numbers


def _numbers(key: "PublicKeyTypes") -> Numbers | None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - slow to import

    if isinstance(key, rsa.RSAPublicKey):
        modulus = key.public_numbers()
        return "RSA", modulus.n, modulus.e
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return "EC", point.x, point.y
    return None


def _published(key: object) -> Numbers | None:
    if not isinstance(key, Mapping):
        return None
    kind = key.get("kty")
    first, second = ("n", "e") if kind == "RSA" else ("x", "y")
    try:
        return str(kind), _integer(key.get(first)), _integer(key.get(second))
    except (ValueError, binascii.Error):
        return None


def _integer(text: object) -> int:
    if not isinstance(text, str) or not text:
        raise ValueError("no number")
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _mapping(body: bytes) -> dict[str, Any] | None:
    try:
        document = parse_json(body, what="a discovery document")
    except DocumentDamaged:
        return None
    return document if isinstance(document, dict) else None
