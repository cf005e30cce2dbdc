"""The keys that tests take instead of making them: as good as made ones, and none twice."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kled.sandbox.store import private_keys
from tests import quick_keys
from tests.boxes import Box


@pytest.mark.parametrize("bits", [1024, 2048])
def test_a_key_is_one_that_openssl_takes(bits: int) -> None:
    key = quick_keys.quick(bits)

    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    loaded = serialization.load_pem_private_key(pem, None)  # it looks whether they are primes
    assert isinstance(loaded, rsa.RSAPrivateKey)
    assert loaded.key_size == bits


def test_no_two_keys_are_alike() -> None:
    keys = [quick_keys.quick(1024).public_key().public_numbers().n for _ in range(200)]

    assert len(set(keys)) == len(keys)


def test_a_sandbox_of_a_person_makes_its_keys() -> None:
    assert private_keys.make_key(1024).key_size == 1024


def test_no_two_clusters_of_forked_commands_share_a_key(box: Box) -> None:
    for name in ("a.example.com", "b.example.com"):
        box.kops(
            "create", "cluster", f"--name={name}", "--zones=us-east-1a", "--cloud=aws", "--yes"
        )

    keysets = [text for key, text in box.state().items() if key.endswith("/keyset.yaml")]
    private = [
        line.split(b": ")[1]
        for text in keysets
        for line in text.splitlines()
        if b"privateMaterial: " in line
    ]
    assert len(keysets) > 10
    assert len(set(private)) == len(private)
