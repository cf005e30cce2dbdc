"""Keysets and places as nobody writes them: read in one pass, and never a crash."""

import base64
import json
import time

import pytest

from kled.kops.state_store import contents, keyset_keys, locations


def keyset(text: bytes) -> bytes:
    key = {"id": "1", "publicMaterial": base64.b64encode(text).decode()}
    return json.dumps({"kind": "Keyset", "spec": {"keys": [key]}}).encode()


@pytest.mark.parametrize("unit", [b"-----BEGIN A-----x", b"-----BEGIN A-----x-----END B-----"])
def test_certificates_are_found_in_one_pass(unit: bytes) -> None:  # fault 84: hours for 4 MiB
    began = time.process_time()

    assert keyset_keys.marks(keyset(unit * 100_000)) == {"id 1"}

    assert time.process_time() - began < 5


def test_every_certificate_of_a_file_has_its_mark_whatever_stands_between() -> None:
    one = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    key = b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"

    assert keyset_keys.marks(keyset(one)) < keyset_keys.marks(keyset(one + b"text\n" + key))
    assert keyset_keys.marks(keyset(b"-----BEGIN CERTIFICATE-----\n" + one)) == (
        keyset_keys.marks(keyset(one))
    )


@pytest.mark.parametrize("url", ["file:///a\0b", "\0", "file://" + "x/" * 5000, "~\0", "://", ""])
def test_a_place_that_no_file_system_has_is_a_place_all_the_same(url: str) -> None:  # fault 80
    root = locations.Home("file:///state", "c.example.com", {}).root

    assert len(list(locations.findings({"spec": {"configBase": url}}, root))) == bool(url)


def test_a_version_of_any_number_of_digits_is_one_that_kops_never_had() -> None:
    objects = {"kops-version.txt": b"1." + b"9" * 5000, "config": b""}

    assert list(contents.findings(objects))
    assert len(contents.kops_version(objects) or "") == 100
