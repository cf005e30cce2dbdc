"""Whether the certificates and private keys of a keyset can be read, and fit each other. Pure.

kops reads every key of a keyset, also one that nobody trusts any more, and takes no keyset of which
it cannot read one (`parseKeyset` of upup/pkg/fi/clientset_castore.go): of each the first block that
is a certificate or a private key counts (pkg/pki). That a private key is its certificate's kops
does not ask; whatever is signed with another one is trusted by nobody. What a key says of itself is
never shown.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_LONGEST: Final = 100  # characters of an id; kops' own have 28 digits
_LARGEST: Final = 1 << 20
"""Characters of one key that are looked at; kops' own have some 2000."""
_NOT_BASE64: Final = "that is not base64"


def findings(at: str, document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the keys of the keyset that stands at `at`, in words.

    An expired certificate is none of it, nor is a key whose private half kops does not need: which
    keys need one is for `primary_keys` to say.
    """
    spec = document.get("spec")
    keys = spec.get("keys") if isinstance(spec, Mapping) else None
    for key in keys if isinstance(keys, list) else ():
        for problem in (
            _of_key(key) if isinstance(key, Mapping) else ("holds a key without fields",)
        ):
            yield f"{at} {problem}"


def public_key(material: object) -> bytes:
    """Return the public key (DER) of a certificate as a keyset holds it; empty: unreadable."""
    return _read(_certificate, material)[1]


def certificate(material: object) -> "x509.Certificate | None":
    """Return a certificate as a keyset holds it; None where it cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - slow to import

    if not isinstance(material, str) or len(material) > _LARGEST:
        return None
    try:
        return x509.load_pem_x509_certificate(base64.b64decode("".join(material.split())))
    except (binascii.Error, ValueError):
        return None


def _of_key(key: Mapping[object, object]) -> Iterator[str]:
    number = str(key.get("id") or "(none)")[:_LONGEST]
    public, private = key.get("publicMaterial"), key.get("privateMaterial")
    wrong, certificate_key = _read(_certificate, public)
    if wrong:
        yield f"holds a key that cannot be read: the certificate of key {number} {wrong}"
    if private in (None, ""):
        return
    wrong, private_key = _read(_private, private)
    if wrong:
        yield f"holds a key that cannot be read: the private key of key {number} {wrong}"
    elif certificate_key and private_key and certificate_key != private_key:
        yield f"holds a private key that is not its certificate's: key {number}"


def _read(how: Callable[[bytes], tuple[str, bytes]], material: object) -> tuple[str, bytes]:
    """Return why the material cannot be read, in words, else the public key that it has.

    A public key of a kind that is not known here is empty: it is compared with nothing.
    """
    if material in (None, ""):
        return "is missing", b""
    if not isinstance(material, str) or len(material) > _LARGEST:
        return "is no text", b""
    try:
        pem = base64.b64decode("".join(material.split()), validate=True)
    except (binascii.Error, ValueError):
        return f"is text {_NOT_BASE64}", b""
    problem, public = how(pem)
    return problem, public


@lru_cache(maxsize=1024)
def _certificate(pem: bytes) -> tuple[str, bytes]:
    """Return what is wrong with a certificate, and its public key; a digest's worth of work."""
    from cryptography import x509  # noqa: PLC0415 - slow to import
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415

    try:
        certificate = x509.load_pem_x509_certificate(pem)
        public = _spki(certificate.public_key())
    except UnsupportedAlgorithm:
        return "", b""
    except (ValueError, TypeError):
        return "is damaged", b""
    return ("" if _signed_itself(certificate) else "does not fit its own signature"), public


def _signed_itself(certificate: "x509.Certificate") -> bool:
    """Whether a certificate that names itself as its issuer is as its own key signed it.

    Another one of the same name may have issued it: then it says so, and nothing is known.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415

    if certificate.issuer != certificate.subject or _has_another_issuer(certificate):
        return True
    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return True
    return True


def _has_another_issuer(certificate: "x509.Certificate") -> bool:
    from cryptography import x509  # noqa: PLC0415

    try:
        known = certificate.extensions
        issuer = known.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        own = known.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return issuer is not None and issuer != own


def _private(pem: bytes) -> tuple[str, bytes]:
    """Return what is wrong with a private key, and the public key that it has."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    try:
        # its numbers are looked at below: the library's own look takes 50 ms for each key
        key = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        return ("", _spki(_public(key))) if _holds(key) else ("is damaged", b"")
    except UnsupportedAlgorithm:
        return "", b""
    except (ValueError, TypeError):
        return "is damaged", b""


def _holds(key: "PrivateKeyTypes") -> bool:
    """Whether the numbers of an RSA key belong together, as Go's `Validate` asks."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    return not isinstance(key, rsa.RSAPrivateKey) or _belong_together(key.private_numbers())


def _belong_together(numbers: "rsa.RSAPrivateNumbers") -> bool:
    p, q, d = numbers.p, numbers.q, numbers.d
    public = numbers.public_numbers
    return (
        min(p, q) > 1
        and p * q == public.n
        and (d * public.e - 1) % (p - 1) == 0
        and (d * public.e - 1) % (q - 1) == 0
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and numbers.iqmp * q % p == 1
    )


def _public(key: "PrivateKeyTypes") -> "PublicKeyTypes":
    """Return the public key that a private one really has, whatever the file says beside it."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    if isinstance(key, ec.EllipticCurvePrivateKey):
        value = key.private_numbers().private_value
        return ec.derive_private_key(value, key.curve).public_key()
    return key.public_key()


def _spki(key: "PublicKeyTypes") -> bytes:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
