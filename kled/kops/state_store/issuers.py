"""Whether a certificate that a cluster's API is served with is of a keyset's authority. Pure.

An API that is served by somebody else's certificate, such as a load balancer's, tells nothing: only
one whose issuer bears the authority's common name and whose signature is another key's does. The
name of one that `kops create keypair` made has its serial number, too.
"""

from typing import TYPE_CHECKING, Literal

from kled.kops.state_store import contents, key_material

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

Issued = Literal["ours", "another", "unknown"]


def issued(certificate: bytes, keyset: bytes) -> Issued:
    """Say who issued a certificate (DER): the keyset's authority, another of its name, or neither.

    Keys that the keyset distrusts count as its own: a machine may not have been rolled yet.
    """
    from cryptography import x509  # noqa: PLC0415 - slow to import

    try:
        served = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return "unknown"
    known = list(_authorities(keyset))
    signed = [_signed(served, authority) for authority in known]
    if True in signed:
        return "ours"
    called = {name for authority in known for name in _common_names(authority.subject)}
    namesake = bool(called & set(_common_names(served.issuer)))
    return "another" if namesake and None not in signed else "unknown"


def _signed(served: "x509.Certificate", authority: "x509.Certificate") -> bool | None:
    """Whether the authority, by its whole name, signed it; None where nobody here can tell."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415

    if authority.subject != served.issuer:
        return False
    try:
        served.verify_directly_issued_by(authority)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
    return True


def _common_names(name: "x509.Name") -> list[str]:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    return [str(part.value) for part in name.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _authorities(keyset: bytes) -> "Iterator[x509.Certificate]":
    for key in contents.keys_of(keyset):
        certificate = key_material.certificate(key.get("publicMaterial"))
        if certificate is not None:
            yield certificate
