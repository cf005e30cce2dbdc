"""A keyset that kops cannot sign with is no keyset to live by (faults 1 and 41)."""

from pathlib import Path
from typing import Any

import pytest

from kled.kops.state_store import contents, primary_keys

CA = "pki/private/kubernetes-ca/keyset.yaml"
OTHER = "pki/private/service-account/keyset.yaml"
CAPTURED = Path(__file__).parents[3] / "captures" / "kops" / "1.36.2"
GONE = f"{CA} has no private key for its primary key"


def key(number: object, *, private: bool = True, distrusted: bool = False) -> dict[str, Any]:
    more = {"privateMaterial": "LS0t"} if private else {}
    when = {"distrustTimestamp": "2026-01-01T00:00:00Z"} if distrusted else {}
    return {"id": number, "publicMaterial": "LS0t", **more, **when}


def found(*keys: object, primary: object = None) -> list[str]:
    spec: dict[str, object] = {"keys": list(keys), "type": "Keypair"}
    spec |= {"primaryId": primary} if primary is not None else {}
    other = {"keys": [key("1")], "type": "Keypair"}
    keysets: dict[str, dict[str, Any]] = {CA: {"spec": spec}, OTHER: {"spec": other}}
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


def test_where_no_keyset_has_a_private_key_all_have_lost_it() -> None:
    """K4, another member: who took every private half away left a cluster that was called sound."""
    spec = {"keys": [key("1", private=False)], "primaryId": "1", "type": "Keypair"}

    assert list(primary_keys.findings({CA: {"spec": spec}})) == [GONE]


NOW = str(1_790_000_000_000_000_000 << 32)
"""The id of a key that kops made in 2026."""
CUT = "its end may be cut off"


@pytest.mark.parametrize(
    ("end", "findings"),
    [
        ({"primaryId": NOW, "type": "Keypair"}, []),
        ({}, [f"{CA} has no spec.type: {CUT}", f"{CA} has no spec.primaryId: {CUT}"]),
        ({"primaryId": NOW}, [f"{CA} has no spec.type: {CUT}"]),
        ({"type": "Keypair"}, [f"{CA} has no spec.primaryId: {CUT}"]),
        ({"primaryId": "", "type": "Keypair"}, [f"{CA} has an empty spec.primaryId"]),
        ({"primaryId": None, "type": "Keypair"}, [f"{CA} has an empty spec.primaryId"]),
        (
            {"primaryId": "8", "type": "Keypair"},
            [f"{CA} has no key 8, which its spec.primaryId names"],
        ),
    ],
)
def test_a_keyset_names_its_primary_key_at_its_end(
    end: dict[str, object], findings: list[str]
) -> None:
    """K4: with its end cut off it was level 1, and the snapshot to restore."""
    keyset = {"spec": {"keys": [key(NOW)], **end}}

    assert list(primary_keys.findings({CA: keyset})) == findings


def test_a_kops_before_1_22_named_no_primary_key_and_no_later_one_adds_it() -> None:
    old = str(1_500_000_000_000_000_000 << 32)
    spec = {"keys": [key(old)], "type": "Keypair"}

    assert list(primary_keys.findings({CA: {"spec": spec}})) == []


def test_two_keys_with_one_id_are_told() -> None:
    """Another member: kops keeps the last of them, and signs with it."""
    assert found(key("1"), key("1"), primary="1") == [f"{CA} has two keys with the id 1"]


def test_what_has_no_form_is_said_elsewhere() -> None:
    specs: tuple[object, ...] = (None, [], {"keys": 1})
    for spec in specs:
        found = list(primary_keys.findings({CA: {"spec": spec}}))
        assert found == [f"{CA} has no key that is trusted", f"{CA} has no spec.type: {CUT}"]


def test_the_keysets_that_kops_wrote_have_theirs_until_one_is_taken_away() -> None:
    place = CAPTURED / "state-store-1cp-after-update"
    keysets = {
        str(file.relative_to(place)): contents.keyset(file.read_bytes()) or {}
        for file in sorted((place / "pki" / "private").rglob("keyset.yaml"))
    }
    assert {CA, OTHER} <= keysets.keys()
    assert not list(primary_keys.findings(keysets))

    for one in keysets[CA]["spec"]["keys"]:
        del one["privateMaterial"]

    assert list(primary_keys.findings(keysets)) == [GONE]
