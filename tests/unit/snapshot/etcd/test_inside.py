"""What a backup of a real API server holds that is bound to disks and addresses."""

import json
import random
from typing import Any

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.etcd import objects, wire
from kled.snapshot.etcd.inside import look_inside
from kled.snapshot.etcd.objects import Balancer, Volume
from tests.unit.snapshot.etcd.backups import backup, facts

RECORDED = "api-1.36"


def field(number: int, value: bytes) -> bytes:
    """A field of protobuf with a value of less than 128 bytes."""
    return bytes([number << 3 | 2, len(value)]) + value


def affine(terms: bytes) -> bytes:
    return b'{"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": %s}}}}' % terms


def test_all_volumes_that_the_api_listed_are_there_with_their_zones() -> None:
    inside = look_inside([backup(RECORDED)])

    assert [each.name for each in inside.volumes] == facts(RECORDED)["volumes"]
    volumes = {each.name: each for each in inside.volumes}
    assert volumes["pv-a"] == Volume("pv-a", ("us-east-1a",), "ebs.csi.aws.com", "web/data-0")
    assert volumes["pv-label"] == Volume("pv-label", ("us-east-1c",), "nfs")
    assert volumes["pv-host"] == Volume("pv-host", (), "hostPath")
    assert inside.volumes_by_zone == {
        "": 1,
        "us-east-1a": 2,
        "us-east-1b": 2,
        "us-east-1c": 1,
    }


def test_all_load_balancers_that_the_api_listed_are_there_with_their_addresses() -> None:
    inside = look_inside([backup(RECORDED)])

    assert {each.name: list(each.addresses) for each in inside.balancers} == (
        facts(RECORDED)["load_balancers"]
    )


def test_api_servers_and_secrets_in_clear_are_told() -> None:
    inside = look_inside([backup(RECORDED)])

    assert list(inside.masters) == facts(RECORDED)["masterleases"]
    assert (inside.contents.secrets, inside.contents.clear_secrets) == (1, 1)
    assert inside.unreadable == 0
    assert json.loads(json.dumps(inside.as_json())) == inside.as_json()


def test_what_is_no_object_of_kubernetes_is_counted_as_unreadable() -> None:
    """These captures hold made-up values."""
    inside = look_inside([backup("etcd-3.6")])

    assert inside.balancers == ()
    assert inside.contents.resources["services"] == 20


def test_a_damaged_backup_is_refused() -> None:
    with pytest.raises(SnapshotNotTrustworthy):
        look_inside([backup(RECORDED)[:-100]])


def test_encrypted_values_are_not_read() -> None:
    assert objects.volume(b"k8s:enc:aescbc:v1:key1:\0\1\2") is None
    assert objects.balancer(b"k8s:enc:aescbc:v1:key1:\0\1\2") is True


def test_values_in_json_are_read_as_well() -> None:
    volume: dict[str, Any] = {
        "metadata": {"name": "pv"},
        "spec": {
            "csi": {"driver": "disk.csi.azure.com"},
            "claimRef": {"namespace": "web", "name": "data"},
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {
                                    "key": "topology.disk.csi.azure.com/zone",
                                    "operator": "In",
                                    "values": ["westeurope-1"],
                                }
                            ]
                        }
                    ]
                }
            },
        },
    }
    service = {
        "metadata": {"name": "shop", "namespace": "web"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}},
    }

    assert objects.volume(json.dumps(volume).encode()) == Volume(
        "pv", ("westeurope-1",), "disk.csi.azure.com", "web/data"
    )
    assert objects.balancer(json.dumps(service).encode()) == Balancer("web/shop", ("203.0.113.7",))
    assert objects.balancer(b'{"spec": {"type": "ClusterIP"}}') is False


@pytest.mark.parametrize(
    "value",
    [
        affine(b"[7]"),
        affine(b'[{"matchExpressions": 7}]'),
        affine(b'[{"matchExpressions": [7]}]'),
        b'{"metadata": 7, "spec": [], "status": {"loadBalancer": {"ingress": 7}}}',
        b'{"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [7]}}}',
        b"{" * 100_000,
    ],
)
def test_odd_json_is_no_reason_to_stop(value: bytes) -> None:
    objects.volume(value)
    objects.balancer(value)


def test_damaged_protobuf_is_no_reason_to_stop() -> None:
    chance = random.Random(1)  # noqa: S311 - what is damaged must be the same tomorrow
    whole = b"k8s\0" + field(2, field(1, field(1, b"pv")) + field(2, field(2, field(22, b"\n\1x"))))
    for _ in range(2_000):
        body = bytearray(whole)
        body[chance.randrange(4, len(body))] = chance.randrange(256)
        cut = bytes(body[: chance.randrange(4, len(body) + 1)])
        objects.volume(cut)
        objects.balancer(cut)


@pytest.mark.parametrize("record", [b"\x0a", b"\x0a\x05ab", b"\x80" * 20, b"\x00", b"\x0b\x01"])
def test_what_is_no_message_has_no_fields(record: bytes) -> None:
    assert wire.message(record) is None


def test_fields_are_kept_in_their_order() -> None:
    record = b"\x08\x96\x01" + field(2, b"a") + field(2, b"b")

    assert wire.message(record) == {1: [150], 2: [b"a", b"b"]}
    assert wire.text({2: [b"a", b"b"]}, 2) == "b"
