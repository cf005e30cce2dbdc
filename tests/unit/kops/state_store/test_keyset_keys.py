"""Keysets are compared by their keys, whatever kops calls them. Fault 1."""

import base64
from pathlib import Path

from kled.kops.state_store import contents, keyset_keys

_CAPTURED = Path(__file__).parents[3] / "captures/kops/1.36.2/state-store-1cp-after-update"
NODE_CONFIG = "igconfig/control-plane/nodeupconfig.yaml"
CA = "pki/private/kubernetes-ca/keyset.yaml"
C = "demo.k8s.local"
NUMBER = "7711379501247132691500609812"


def keyset(*keys: tuple[str, str]) -> bytes:
    """A keyset with these keys: id and certificate."""
    lines = [
        f"  - id: '{number}'\n    publicMaterial: {base64.b64encode(text.encode()).decode()}\n"
        for number, text in keys
    ]
    return f"kind: Keyset\nspec:\n  keys:\n{''.join(lines)}".encode()


def pem(text: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def own() -> str:
    """The certificate of the captured cluster's own authority."""
    spec = (contents.keyset((_CAPTURED / CA).read_bytes()) or {})["spec"]
    return base64.b64decode(spec["keys"][0]["publicMaterial"]).decode()


def captured() -> bytes:
    return (_CAPTURED / NODE_CONFIG).read_bytes()


def others(machines: bytes, ca: bytes, key: str = CA) -> tuple[str, ...]:
    objects = {NODE_CONFIG.replace("/node", "/cp-a/node"): machines, key: ca}
    return keyset_keys.others(keyset_keys.of_machines(objects, C), keyset_keys.of_store(objects))


def test_the_configuration_that_kops_wrote_names_every_keyset_with_its_id() -> None:
    found = keyset_keys.of_machines({NODE_CONFIG: captured()}, C)

    assert f"id {NUMBER}" in found["kubernetes-ca"]
    assert found["service-account"] == {"id 7711379501274292895885956271"}
    assert {"etcd-manager-ca-main", "etcd-peers-ca-events", "etcd-clients-ca"} <= found.keys()


def test_a_keyset_without_the_machines_key_is_another_one() -> None:
    assert others(captured(), keyset(("12", pem("AAAA")))) == ("kubernetes-ca",)


def test_a_rotation_keeps_a_key_until_the_machines_have_the_next_one() -> None:
    assert others(captured(), keyset((NUMBER, own()), ("99", pem("BBBB")))) == ()


def test_one_id_with_another_certificate_is_another_key() -> None:
    """K4, another member: a manifest of before does not say which id has which digest."""

    def marks(*keys: tuple[str, str]) -> frozenset[str]:
        return keyset_keys.marks(keyset(*((number, pem(text)) for number, text in keys)))

    def differ(had: frozenset[str], has: frozenset[str]) -> bool:
        return bool(keyset_keys.others({"ca": had}, {"ca": has}))

    own = marks(("1", "AAAA"), ("2", "BBBB"))
    of_before = frozenset(one for one in own if not one.startswith("key "))
    for had in (own, of_before):
        assert not differ(had, marks(("2", "BBBB"), ("3", "CCCC")))
        assert not differ(had, marks(("9", "BBBB")))
        assert differ(had, marks(("1", "XXXX"), ("2", "YYYY")))
    assert differ(own, marks(("1", "XXXX"), ("2", "BBBB")))
    assert not differ(frozenset({"id 1"}), own)
    assert differ(frozenset({"id 3"}), own)


def test_the_same_certificate_under_another_id_is_the_same_key() -> None:
    machines = b"KeypairIDs: {kubernetes-ca: '1'}\nCAs:\n  kubernetes-ca: |\n" + b"".join(
        b"    " + line + b"\n" for line in (pem("AA") + pem("AB\nCD")).encode().splitlines()
    )

    assert others(machines, keyset(("2", pem("ABCD")))) == ()
    assert others(machines, keyset(("2", pem("DCBA")))) == ("kubernetes-ca",)


def test_an_old_name_is_the_same_keyset_and_the_present_name_counts_first() -> None:
    old = "pki/private/ca/keyset.yaml"
    foreign = keyset(("12", pem("AAAA")))

    assert others(captured(), keyset((NUMBER, own())), old) == ()
    assert others(captured(), foreign, old) == ("kubernetes-ca",)
    both = {CA: foreign, old: keyset((NUMBER, own()))}
    assert f"id {NUMBER}" not in keyset_keys.of_store(both)["kubernetes-ca"]


def test_what_cannot_be_read_is_not_compared() -> None:
    foreign = keyset(("12", pem("AAAA")))
    whole, cut = "igconfig/control-plane/a/nodeupconfig.yaml", "igconfig/control-plane/b/"

    assert others(captured(), b"kind: Keyset\nspec: {keys: [{}]}\n") == ()
    assert others(captured(), b"\0") == ()
    assert others(b"KubernetesVersion: 1.21.0\n", foreign) == ()
    both = {whole: captured(), f"{cut}nodeupconfig.yaml": b"a: {"}
    assert keyset_keys.of_machines(both, C) == keyset_keys.of_machines({whole: captured()}, C)


def test_what_is_configured_for_machines_of_another_cluster_names_no_keys() -> None:
    """It was copied along with that cluster's keys."""
    assert keyset_keys.of_machines({NODE_CONFIG: captured()}, "c.example.com") == {}


def test_the_key_that_signed_may_go_where_a_later_one_signs_and_for_no_earlier_one() -> None:
    """Fault 1: ids are times, so of two that signed it is known which was first."""

    def signing(number: str, *held: str) -> frozenset[str]:
        keys = keyset(*((one, pem(f"{one:A<4}")) for one in held))
        return keyset_keys.marks(keys + f"  primaryId: '{number}'\n".encode())

    def differ(had: frozenset[str], has: frozenset[str]) -> bool:
        return bool(keyset_keys.others({"ca": had}, {"ca": has}))

    assert differ(signing("10", "9", "10"), signing("9", "9"))  # as numbers, not as text
    assert not differ(signing("9", "9", "10"), signing("10", "10"))
    assert not differ(signing("10", "9", "10"), signing("9", "9", "10"))  # promoted back
    unnamed = keyset_keys.marks(keyset(("9", pem("9AAA"))))
    assert differ(signing("10", "9", "10"), unnamed)
    assert not differ(signing("8", "8", "9"), unnamed)
    assert not differ(signing("x", "9", "x"), signing("9", "9"))  # no id of kops': no order
