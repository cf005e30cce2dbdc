"""Certificates for the rig: one authority of its own, and servers signed by a cluster's kops CA."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that can sign servers."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        """The certificate, for clients to trust."""
        return _pem(self.certificate)


def new_authority() -> Authority:
    """An authority for the hosts of the internet that the rig stands in for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("rig")
    basic = x509.BasicConstraints(ca=True, path_length=0)
    certificate = _builder(name, name, key).add_extension(basic, critical=True)
    return Authority(certificate.sign(key, hashes.SHA256()), key)


def kops_authority(keyset: bytes) -> Authority:
    """The primary key of a kops keyset (`pki/private/kubernetes-ca/keyset.yaml`)."""
    spec = yaml.safe_load(keyset)["spec"]
    (primary,) = (item for item in spec["keys"] if item["id"] == spec["primaryId"])
    certificate = x509.load_pem_x509_certificate(base64.b64decode(primary["publicMaterial"]))
    key = serialization.load_pem_private_key(base64.b64decode(primary["privateMaterial"]), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(type(key))
    return Authority(certificate, key)


def server_context(authority: Authority, host: str, directory: Path) -> ssl.SSLContext:
    """A TLS server for `host` that also reads client certificates of the same authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    builder = _builder(_name(host[:64]), authority.certificate.subject, key)
    certificate = builder.add_extension(names, critical=False)
    chain = directory / f"{host}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain.touch(mode=0o600)
    chain.write_text(_pem(certificate.sign(authority.key, hashes.SHA256())) + secret.decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: Key) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
