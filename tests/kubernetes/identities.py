"""Certificates, keys and kubeconfigs of a control plane: one authority, the server, its clients."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, as files that programs are given."""

    certificate: Path
    key: Path


class Authority:
    """Signs servers and clients; everything it made is in one private directory."""

    def __init__(self, directory: Path, name: str = "kubernetes-ca") -> None:
        self._directory = directory
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        basic = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(name, [], self._key).add_extension(basic, critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.identity = self._keep(name, self._certificate, self._key)

    def server(self, *hosts: str) -> Identity:
        """A server that answers to these names and at 127.0.0.1."""
        names = [*map(x509.DNSName, hosts), x509.IPAddress(IPv4Address("127.0.0.1"))]
        return self._issue("server", [], x509.SubjectAlternativeName(names))

    def client(self, user: str, *groups: str, lasts: timedelta = _DAY) -> Identity:
        """A user, as Kubernetes reads one from a certificate: its name, and its organizations."""
        return self._issue(user, groups, None, lasts=lasts)

    def _issue(
        self,
        name: str,
        groups: Sequence[str],
        extension: x509.SubjectAlternativeName | None,
        *,
        lasts: timedelta = _DAY,
    ) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, groups, key, lasts=lasts)
        if extension is not None:
            builder = builder.add_extension(extension, critical=False)
        return self._keep(name, builder.sign(self._key, hashes.SHA256()), key)

    def _builder(
        self,
        name: str,
        groups: Sequence[str],
        key: ec.EllipticCurvePrivateKey,
        *,
        lasts: timedelta = _DAY,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        common = x509.NameAttribute(NameOID.COMMON_NAME, name)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([*organizations, common]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY)
            .not_valid_after(now + lasts)
        )

    def _keep(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> Identity:
        number = len(list(self._directory.glob("*.crt")))
        files = Identity(
            self._directory / f"{number}-{name}.crt", self._directory / f"{number}-{name}.key"
        )
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.touch(mode=0o600)
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def write_kubeconfig(
    file: Path, server: str, authority: Identity, client: Identity, *, server_name: str = ""
) -> Path:
    """Write a kubeconfig as kops does: everything it needs is in it."""
    cluster = {"server": server, "certificate-authority-data": _base64(authority.certificate)}
    if server_name:
        cluster["tls-server-name"] = server_name
    user = {
        "client-certificate-data": _base64(client.certificate),
        "client-key-data": _base64(client.key),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(document))
    return file


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
