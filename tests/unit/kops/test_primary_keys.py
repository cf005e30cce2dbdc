"""A keyset that kops cannot sign with is no keyset to live by (faults 1 and 41)."""

from pathlib import Path
from typing import Any

import pytest

from kled.kops import primary_keys, stored

CA = "pki/private/kubernetes-ca/keyset.yaml"
OTHER = "pki/private/service-account/keyset.yaml"
CAPTURED = Path(__file__).parents[2] / "captures" / "kops" / "1.36.2"
GONE = f"{CA} has no private key for its primary key"


def key(number: object, *, private: bool = True, distrusted: bool = False) -> dict[str, Any]:
    more = {"privateMaterial": "LS0t"} if private else {}
    when = {"distrustTimestamp": "2026-01-01T00:00:00Z"} if distrusted else {}
    return {"id": number, "publicMaterial": "LS0t", **more, **when}


def found(*keys: object, primary: object = None) -> list[str]:
    spec = {"keys": list(keys)} | ({"primaryId": primary} if primary is not None else {})
    keysets = {CA: {"spec": spec}, OTHER: {"spec": {"keys": [key("1")]}}}
    return list(primary_keys.findings(keysets))


@pytest.mark.parametrize(
    ("keys", "primary", "findings"),
    [
        ([key("1")], None, []),
        ([key("1", private=False)], None, [GONE]),
        ([key("1", private=False), key("2")], None, []),  # trusted, and nobody signs with it
        ([key("9"), key("10", private=False)], None, [GONE]),  # the highest number, not text
        ([key("1"), key("2", private=False)], "1", []),
        ([key("1"), key("2", private=False)], "2", [GONE]),
        ([key("1"), key("2", distrusted=True, private=False)], "2", []),
        ([key("1", distrusted=True)], None, [f"{CA} has no key that is trusted"]),
        ([key("one"), key("9" * 5000), "no key"], None, [f"{CA} has no key that is trusted"]),
        ([key(7, private=False), key(8)], 7, [GONE]),
    ],
)
def test_the_primary_key_has_its_private_half(
    keys: list[Any], primary: object, findings: list[str]
) -> None:
    assert found(*keys, primary=primary) == findings


def test_where_no_keyset_has_a_private_key_nobody_lost_one() -> None:
    assert not list(primary_keys.findings({CA: {"spec": {"keys": [key("1", private=False)]}}}))


def test_what_has_no_form_is_said_elsewhere() -> None:
    for spec in (None, [], {"keys": 1}):
        assert len(list(primary_keys.findings({CA: {"spec": spec}}))) == 1


def test_the_keysets_that_kops_wrote_have_theirs_until_one_is_taken_away() -> None:
    place = CAPTURED / "state-store-1cp-after-update"
    keysets = {
        str(file.relative_to(place)): stored.keyset(file.read_bytes()) or {}
        for file in sorted((place / "pki" / "private").rglob("keyset.yaml"))
    }
    assert {CA, OTHER} <= keysets.keys()
    assert not list(primary_keys.findings(keysets))

    for one in keysets[CA]["spec"]["keys"]:
        del one["privateMaterial"]

    assert list(primary_keys.findings(keysets)) == [GONE]
