"""The keys of a keyset can be read and fit each other, or level 1 says that they do not. K4."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from kled.kops.state_store import contents, key_material
from tests.key_pairs import Pair, item, keyset_of, pair

AT = "pki/private/kubernetes-ca/keyset.yaml"
UNREADABLE = f"{AT} holds a key that cannot be read: the"


def told(*items: str) -> list[str]:
    document = contents.keyset(keyset_of(items, "1"))
    assert document is not None
    return list(key_material.findings(AT, document))


def issued(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, *, ends: int = 2036, issuer: str = "own"
) -> bytes:
    names = [
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in ("own", issuer)
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2016, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(ends, 1, 1, tzinfo=UTC))
    )
    digest = hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)


def private(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, *, pkcs8: bool = False) -> bytes:
    form = serialization.PrivateFormat
    return key.private_bytes(
        serialization.Encoding.PEM,
        form.PKCS8 if pkcs8 else form.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - small ones are made at once


def test_keys_as_kops_writes_them_are_whole(key: rsa.RSAPrivateKey) -> None:
    """RSA as kops makes it, EC and PKCS 8 as people bring them (pkg/pki/privatekey.go)."""
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert told(item("1", *pair("own"))) == []
    assert told(item("1", issued(key), private(key))) == []
    assert told(item("1", issued(key), private(key, pkcs8=True))) == []
    assert told(item("1", issued(edwards), private(edwards, pkcs8=True))) == []


def test_what_is_no_damage_is_not_called_so(key: rsa.RSAPrivateKey) -> None:
    """Expired, signed by somebody else, without a private half, with text before it."""
    assert told(item("1", issued(key, ends=2017), private(key))) == []
    assert told(item("1", issued(key, issuer="theirs"), private(key))) == []
    assert told(item("1", *pair("own")), item("2", pair("next").certificate, None)) == []
    assert told(item("1", b"subject=own\n" + issued(key), private(key))) == []


def _cut(pem: bytes) -> bytes:
    return pem[: len(pem) // 2]


def _der(change: Callable[[bytearray], None]) -> Callable[[bytes], bytes]:
    def damage(pem: bytes) -> bytes:
        first, *lines, last = pem.splitlines()
        body = bytearray(base64.b64decode(b"".join(lines)))
        change(body)
        return b"\n".join((first, base64.b64encode(bytes(body)), last, b""))

    return damage


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": _cut,
    "end of the PEM": lambda pem: pem[: pem.rindex(b"-----END")],
    "DER cut": _der(lambda body: body.__delitem__(slice(len(body) // 2, None))),
    "DER garbled": _der(lambda body: body.__setitem__(slice(8, 24), bytes(16))),
    "one bit": _der(lambda body: body.__setitem__(len(body) // 2, body[len(body) // 2] ^ 1)),
    "the last bit": _der(lambda body: body.__setitem__(-1, body[-1] ^ 1)),
    "no PEM": lambda _: b"kled",
    "zeros": lambda pem: bytes(len(pem)),
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("trusted", [True, False], ids=["primary", "another"])
def test_a_certificate_that_is_damaged_is_named(
    how: str, *, trusted: bool, key: rsa.RSAPrivateKey
) -> None:
    whole = Pair(issued(key), private(key))
    damaged = item("7", DAMAGE[how](whole.certificate), whole.key)

    found = told(*([damaged] if trusted else [item("1", *pair("own")), damaged]))

    assert found
    assert found[0].startswith(f"{UNREADABLE} certificate of key 7 ")


@pytest.mark.parametrize("how", DAMAGE)
def test_a_private_key_that_is_damaged_is_named_and_never_shown(
    how: str, key: rsa.RSAPrivateKey
) -> None:
    whole = Pair(issued(key), private(key))

    (found,) = told(item("7", whole.certificate, DAMAGE[how](whole.key)))

    assert found.startswith(f"{UNREADABLE} private key of key 7 ")


def test_a_private_key_is_its_certificates(key: rsa.RSAPrivateKey) -> None:
    """Whoever serves with it is trusted by nobody, and kops does not ask."""
    other = f"{AT} holds a private key that is not its certificate's: key 7"
    elsewhere = rsa.generate_private_key(65537, 1024)  # noqa: S505 - small ones are made at once

    assert told(item("7", issued(key), private(elsewhere))) == [other]
    assert told(item("7", pair("own").certificate, pair("foreign").key)) == [other]
    assert told(item("7", issued(key), pair("own").key)) == [other]


def test_the_halves_of_another_kind_of_key_are_told() -> None:
    """Another member: a certificate where the private key belongs, and the other way round."""
    certificate, secret = pair("own")

    assert told(item("7", certificate, certificate)) == [
        f"{UNREADABLE} private key of key 7 is damaged"
    ]
    assert told(item("7", secret, secret)) == [f"{UNREADABLE} certificate of key 7 is damaged"]
    assert told(item("7", None, secret)) == [f"{UNREADABLE} certificate of key 7 is missing"]


def test_a_cut_of_a_keyset_at_any_line_is_found() -> None:
    """K4: without its last lines a keyset was level 1."""
    now = str(1_790_000_000_000_000_000 << 32)
    whole = keyset_of([item(str(number), *pair("own")) for number in (now, f"{now}1")], now)
    lines = whole.splitlines(keepends=True)
    assert list(contents.keyset_findings(AT, whole)) == []

    for kept in range(1, len(lines)):
        assert list(contents.keyset_findings(AT, b"".join(lines[:kept]))), lines[kept - 1]
