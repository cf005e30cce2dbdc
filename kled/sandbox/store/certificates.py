"""X.509 as kops issues it (captures 15b-get-keypairs-json, 28b-export-kubeconfig-admin, 35d).

Certificates are valid since two days before now; an authority for 3650 days from now. Serials are
the time in nanoseconds and 32 random bits.
"""

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kled.sandbox.store.private_keys import new_key

_BACKDATED = timedelta(hours=48)
_AUTHORITY_LIFE = timedelta(days=3650)
_DEFAULT_BITS = "2048"


@dataclass(frozen=True)
class Issued:
    """A certificate and its key as PEM."""

    serial: int
    certificate: bytes
    key: bytes


def key_bits(env: Mapping[str, str]) -> int:
    """Return the size of RSA keys: KOPS_RSA_PRIVATE_KEY_SIZE or 2048, as kops."""
    return int(env.get("KOPS_RSA_PRIVATE_KEY_SIZE") or _DEFAULT_BITS)


def new_serial(now: datetime) -> int:
    """Return a serial number in kops' form; it is also the id of the key in its keyset."""
    return (int(now.timestamp() * 1_000_000_000) << 32) | secrets.randbits(32)


def issue_authority(name: str, now: datetime, bits: int, *, rotated: bool = False) -> Issued:
    """Issue a self-signed authority; one that rotates another carries its serial in its subject."""
    serial = new_serial(now)
    key = new_key(bits)
    numbers = [(NameOID.SERIAL_NUMBER, str(serial))] if rotated else []
    subject = _name([(NameOID.COMMON_NAME, name), *numbers])
    certificate = (
        _builder(subject, subject, key.public_key(), serial, (now, now + _AUTHORITY_LIFE))
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Issued(serial, _pem(certificate), _key_pem(key))


def issue_admin(
    authority: bytes, authority_key: bytes, user: str, times: tuple[datetime, timedelta], bits: int
) -> Issued:
    """Issue a client certificate of system:masters, valid for the given time from now."""
    now, lifetime = times
    signer = x509.load_pem_x509_certificate(authority)
    signing_key = _loaded(authority_key)
    if not isinstance(signing_key, rsa.RSAPrivateKey):
        raise TypeError("the keyset's private key is no RSA key")
    key = new_key(bits)
    subject = _name([(NameOID.ORGANIZATION_NAME, "system:masters"), (NameOID.COMMON_NAME, user)])
    certificate = (
        _builder(subject, signer.subject, key.public_key(), new_serial(now), (now, now + lifetime))
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_authority_id(signer), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    return Issued(certificate.serial_number, _pem(certificate), _key_pem(key))


def issue_server(
    authority: bytes, authority_key: bytes, names: Sequence[str], now: datetime
) -> Issued:
    """Issue the certificate of a cluster's API: for `names` and 127.0.0.1, for a year."""
    signer = x509.load_pem_x509_certificate(authority)
    signing_key = _loaded(authority_key)
    if not isinstance(signing_key, rsa.RSAPrivateKey):
        raise TypeError("the keyset's private key is no RSA key")
    key = new_key(int(_DEFAULT_BITS))
    subject = _name([(NameOID.COMMON_NAME, "kubernetes-master")])
    known = [*map(x509.DNSName, names), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    times = (now, now + timedelta(days=365))
    certificate = (
        _builder(subject, signer.subject, key.public_key(), new_serial(now), times)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(_authority_id(signer), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    return Issued(certificate.serial_number, _pem(certificate), _key_pem(key))


def describe(certificate: bytes) -> dict[str, object]:
    """Return what `get keypairs -o json` tells of a certificate, in its order."""
    parsed = x509.load_pem_x509_certificate(certificate)
    key = parsed.public_key()
    return {
        "subject": _go_name(parsed.subject),
        "issuer": _go_name(parsed.issuer),
        "isCA": True,
        "notBefore": parsed.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "notAfter": parsed.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "keyLength": key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
    }


def _loaded(key: bytes) -> PrivateKeyTypes:
    """Load a key that the sandbox made, without OpenSSL's look at its primes: 36 ms for each."""
    return serialization.load_pem_private_key(
        key, password=None, unsafe_skip_rsa_key_validation=True
    )


def _name(parts: list[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _go_name(name: x509.Name) -> str:
    short = {NameOID.COMMON_NAME: "CN", NameOID.SERIAL_NUMBER: "SERIALNUMBER"}
    return ",".join(
        f"{short.get(part.oid, part.rfc4514_attribute_name)}={part.value!s}"
        for part in reversed(list(name))
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey,
    serial: int,
    validity: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(validity[0] - _BACKDATED)
        .not_valid_after(validity[1])
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_id(signer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
