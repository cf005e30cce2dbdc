"""Fault 25: which fields of a definition point into the store that a cluster was moved from."""

from pathlib import Path
from typing import Any

import pytest

from kled.kops.state_store.old_locations import Move, moved, old_places

C = "c.example.com"
OLD, NEW = "s3://acme-kops-state", "s3://new-store"
MOVE = Move(OLD, C, NEW, C)
CLUSTER: dict[str, Any] = {
    "kind": "Cluster",
    "metadata": {"name": C, "annotations": {"from": f"{OLD}/{C}"}},
    "spec": {
        "configBase": f"{OLD}/{C}",
        "keyStore": f"{OLD}/{C}/pki",
        "secretStore": f"{OLD}/shared/secrets",
        "configStore": {"base": f"{OLD}/{C}/"},
        "channel": "stable",
        "kubernetesVersion": "1.35.5",
        "etcdClusters": [
            {"name": "main", "backups": {"backupStore": f"{OLD}/{C}/backups/etcd/main"}},
            {"name": "events", "backups": {"backupStore": "s3://backups/events"}},
        ],
        "serviceAccountIssuerDiscovery": {"discoveryStore": f"{OLD}/{C}/discovery"},
        "fileAssets": [{"path": "/etc/x", "content": f"from {OLD}/{C}"}],
        "authorizations": [{"cidr": "10.0.0.0/8", "port": 443, "open": True}],
    },
}


def spec(**fields: object) -> dict[str, Any]:
    return {"kind": "Cluster", "spec": fields}


def test_each_field_is_named_with_the_same_place_in_the_new_store() -> None:
    assert [str(one) for one in old_places(CLUSTER, MOVE)] == [
        f"spec.configBase: {OLD}/{C} -> {NEW}/{C}",
        f"spec.keyStore: {OLD}/{C}/pki -> {NEW}/{C}/pki",
        f"spec.secretStore: {OLD}/shared/secrets -> stays: what is there is in no snapshot",
        f"spec.configStore.base: {OLD}/{C}/ -> {NEW}/{C}",
        (
            f"spec.etcdClusters[main].backups.backupStore: {OLD}/{C}/backups/etcd/main"
            f" -> {NEW}/{C}/backups/etcd/main"
        ),
        (
            f"spec.serviceAccountIssuerDiscovery.discoveryStore: {OLD}/{C}/discovery"
            f" -> {NEW}/{C}/discovery"
        ),
    ]


def test_what_is_moved_has_no_place_left_but_those_that_stay_and_is_else_the_same() -> None:
    there = moved(CLUSTER, MOVE)

    assert [one.field for one in old_places(there, MOVE)] == ["spec.secretStore"]
    assert there["metadata"] == CLUSTER["metadata"]
    assert there["spec"]["authorizations"] == CLUSTER["spec"]["authorizations"]
    assert there["spec"]["fileAssets"] == CLUSTER["spec"]["fileAssets"]
    assert moved(there, MOVE) == there


@pytest.mark.parametrize(
    "near", ["s3://acme-kops-state-2/c.example.com", "gs://acme-kops-state/c.example.com"]
)
def test_what_only_looks_like_the_old_store_is_none_of_it(near: str) -> None:
    assert old_places(spec(configBase=near), MOVE) == ()


def test_another_cluster_s_part_that_begins_with_the_name_stays() -> None:
    (one,) = old_places(spec(keyStore=f"{OLD}/{C}.au/pki"), MOVE)

    assert (one.moved, one.stays) == ("", "what is there is in no snapshot")


def test_in_its_own_place_nothing_is_old() -> None:
    assert old_places(CLUSTER, Move(OLD, C, f"{OLD}/", f"{C}/")) == ()


def test_another_kind_of_store_is_said_and_moves_nothing() -> None:
    move = Move(OLD, C, "gs://new-store", C)

    assert moved(CLUSTER, move) == CLUSTER
    assert "gs:// is another kind of store than s3://" in move.foreign
    assert {one.stays for one in old_places(CLUSTER, move)} == {move.foreign}


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_directories_keep_their_spelling(tmp_path: Path, scheme: str) -> None:
    move = Move((tmp_path / "old").as_uri(), C, (tmp_path / "new").as_uri(), C)
    cluster = spec(configBase=f"{scheme}{tmp_path}/old/{C}", sshAccess=["10.0.0.0/8"], a="old")

    assert moved(cluster, move)["spec"]["configBase"] == f"{scheme}{tmp_path}/new/{C}"
    assert len(old_places(cluster, move)) == 1


def test_a_copy_beside_it_has_a_place_of_its_own() -> None:
    move = Move(OLD, C, OLD, "copies/one/")

    assert moved(spec(configBase=f"{OLD}/{C}"), move)["spec"]["configBase"] == f"{OLD}/copies/one"


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_place_is_written_as_kops_takes_it(tmp_path: Path, scheme: str) -> None:
    """A definition is read without decoding: `%20` would be another directory."""
    move = Move((tmp_path / "a b").as_uri(), C, (tmp_path / "c d").as_uri(), C)
    cluster = spec(configBase=f"{scheme}{tmp_path}/a b/{C}")

    assert moved(cluster, move)["spec"]["configBase"] == f"{scheme}{tmp_path}/c d/{C}"


def test_a_providers_bucket_keeps_its_protocol() -> None:
    """A manifest calls do://BUCKET what it is opened as: s3://BUCKET."""
    move = Move("s3://old", C, "s3://new", C)
    cluster = spec(configBase=f"do://old/{C}", keyStore=f"gs://old/{C}/pki")

    after = moved(cluster, move)["spec"]

    assert after == {"configBase": f"do://new/{C}", "keyStore": f"gs://old/{C}/pki"}
