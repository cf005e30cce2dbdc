"""Edits never change which object it is, where its keys are, or what role a group has."""

from collections.abc import Mapping
from typing import Any

import pytest

from kled.errors import InvalidInput
from kled.kops.fields.fixed_fields import (
    OF_A_CLUSTER,
    OF_A_GROUP,
    is_own_place,
    refuse_changes,
    refuse_sets,
)
from kled.kops.fields.set_paths import assignment, path_of
from kled.kops.state_store.locations import root_of

CLUSTER: Mapping[str, Any] = {
    "kind": "Cluster",
    "metadata": {"name": "b.example.com"},
    "spec": {
        "configBase": "s3://store/b.example.com",
        "etcdClusters": [{"name": "main", "backups": {"backupStore": "s3://store/b/backups"}}],
        "kubernetesVersion": "1.36.0",
    },
}
GROUP: Mapping[str, Any] = {
    "kind": "InstanceGroup",
    "metadata": {"name": "nodes-a"},
    "spec": {"role": "Node", "maxSize": 2},
}
PLANE: Mapping[str, Any] = {**GROUP, "spec": {"role": "Master", "maxSize": 1}}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("spec.maxSize", ("spec", "maxSize")),
        ("cluster.spec.configStore.base", ("spec", "configStore", "base")),
        ("instancegroup.spec/role", ("spec", "role")),
        (" metadata . name", ("metadata", "name")),
        ("spec.etcdClusters[*].backups", ("spec", "etcdClusters", "*", "backups")),
        ("spec.etcdClusters[ 0 ].name", ("spec", "etcdClusters", "*", "name")),
        ("", ()),
        ("?!", ()),
    ],
)
def test_paths_are_read_as_kops_reads_them(text: str, path: tuple[str, ...]) -> None:
    assert path_of(text) == path


def test_a_set_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidInput):
        assignment("spec.maxSize")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metadata.name=x", "metadata.name: b.example.com -> x"),  # fault 64
        ("cluster.metadata/name=x", "metadata.name: b.example.com -> x"),
        ("metadata.name= b.example.com", "metadata.name: b.example.com ->  b.example.com"),
        ("spec.configBase=s3://x", "spec.configBase: s3://store/b.example.com -> s3://x"),
        (
            "spec.configStore.base=s3://x",
            "spec.configStore.base: s3://store/b.example.com -> s3://x",
        ),
        ("spec.configStore.keypairs=s3://x", "spec.configStore.keypairs: (none) -> s3://x"),
        ("spec.secretStore=s3://x", "spec.secretStore: (none) -> s3://x"),
        (
            "spec.etcdClusters[0].backups.backupStore=s3://x",
            "spec.etcdClusters.*.backups.backupStore: s3://store/b/backups -> s3://x",
        ),
        ("kind=InstanceGroup", "kind: Cluster -> InstanceGroup"),
    ],
)
def test_a_set_that_moves_a_cluster_is_refused_with_both_values(text: str, words: str) -> None:
    """Faults 2 and 64: before anything is stored."""
    with pytest.raises(InvalidInput) as caught:
        refuse_sets(CLUSTER, OF_A_CLUSTER, [text])

    assert words in caught.value.message
    assert caught.value.field == "--set"
    assert "nothing was stored" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["metadata", "spec.configStore", "spec.configBase", "spec"])
def test_an_unset_that_moves_a_cluster_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        refuse_sets(CLUSTER, OF_A_CLUSTER, [], [text])


def test_what_changes_nothing_fixed_is_let_through() -> None:
    refuse_sets(
        CLUSTER,
        OF_A_CLUSTER,
        [
            "spec.configStore.base=s3://store/b.example.com",
            "metadata.name=b.example.com",
            "spec.configBaseless=1",
            "spec.kubernetesVersion=1.36.1",
        ],
        ["spec.nodePortAccess"],
    )
    refuse_sets(GROUP, OF_A_GROUP, ["spec.role=Node", "spec.maxSize=9", "spec.roles=x"])
    refuse_sets(PLANE, OF_A_GROUP, ["spec.role=ControlPlane", "spec.role=Master"])


@pytest.mark.parametrize(
    ("group", "text"),
    [
        (GROUP, "spec.role=Master"),
        (GROUP, "spec.role=Bastion"),
        (PLANE, "spec/role=Node"),
        (GROUP, "metadata.name=nodes-b"),
    ],
)
def test_a_group_keeps_its_name_and_its_role(group: Mapping[str, Any], text: str) -> None:
    """Fault 4: `edit --set=spec.role=…` on a living group."""
    with pytest.raises(InvalidInput):
        refuse_sets(group, OF_A_GROUP, [text])
    with pytest.raises(InvalidInput):
        refuse_sets(group, OF_A_GROUP, [], [text.partition("=")[0]])


@pytest.mark.parametrize(
    ("edited", "words"),
    [
        ({"metadata": {"name": "a.example.com"}}, "metadata.name: b.example.com -> a.example.com"),
        ({"kind": "InstanceGroup"}, "kind"),
        (
            {"spec": {"configBase": "s3://store/a.example.com"}},
            "spec.configBase: s3://store/b.example.com -> s3://store/a.example.com",
        ),
        ({"spec": {"configBase": "s3://store/b.example.com"}}, "backupStore: s3://store/b/backups"),
    ],
)
def test_an_edited_text_moves_nothing(edited: Mapping[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_changes(CLUSTER, {**CLUSTER, **edited}, OF_A_CLUSTER)

    assert words in caught.value.message


def test_an_edited_text_may_change_all_else() -> None:
    spec = {**CLUSTER["spec"], "kubernetesVersion": "1.36.1"}

    refuse_changes(CLUSTER, {**CLUSTER, "spec": spec}, OF_A_CLUSTER)


def test_an_edited_text_may_name_the_own_place_as_an_option_may() -> None:
    """A definition that was restored from elsewhere is mended in an editor, too."""
    spec = {
        **CLUSTER["spec"],
        "configBase": "s3://new/b.example.com",
        "etcdClusters": [
            {"name": "main", "backups": {"backupStore": "s3://new/b.example.com/backups/etcd/main"}}
        ],
    }

    refuse_changes(CLUSTER, {**CLUSTER, "spec": spec}, OF_A_CLUSTER, root="s3://new/b.example.com")
    for root in ("", "s3://new/a.example.com"):
        with pytest.raises(InvalidInput, match="configBase"):
            refuse_changes(CLUSTER, {**CLUSTER, "spec": spec}, OF_A_CLUSTER, root=root)


def test_a_directorys_own_place_is_mended_in_each_spelling() -> None:
    root = root_of("file:///srv/a%20b", "c.example.com")
    for own in ("/srv/a b/c.example.com", "file:///srv/a b/c.example.com/"):
        assert is_own_place(("spec", "configBase"), own, root)
        assert is_own_place(("spec", "keyStore"), f"{own.rstrip('/')}/pki", root)
    for other in ("file:///srv/a%20b/c.example.com", "/srv/a b/d.example.com"):
        assert not is_own_place(("spec", "configBase"), other, root)


@pytest.mark.parametrize(
    ("unset", "told", "hint"),
    [
        ("spec.etcdClusters", "spec.etcdClusters: main -> (none)", "volumes of its etcd clusters"),
        ("spec.etcdClusters[0]", "spec.etcdClusters.*: main -> (none)", "volumes of its etcd"),
        (
            "spec.etcdClusters[0].backups",
            "spec.etcdClusters.*.backups: backupStore -> (none)",
            "volumes of its etcd",
        ),
        (
            "spec.etcdClusters[0].backups.backupStore",
            "backupStore: s3://store/b/backups -> (none)",
            "etcd-manager finds there",
        ),
        ("spec.configBase", "spec.configBase: s3://store/b.example.com", "kops would look for"),
    ],
)
def test_a_refusal_about_etcd_speaks_of_etcd_and_not_of_keys(
    unset: str, told: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_sets(CLUSTER, OF_A_CLUSTER, [], [unset])

    assert told in caught.value.message
    assert hint in str(caught.value.hint)
    assert ("keys" in str(caught.value.hint)) == (unset == "spec.configBase")


def test_an_edited_text_that_moves_the_backups_speaks_of_etcd() -> None:
    etcd = [{"name": "main", "backups": {"backupStore": "s3://x"}}]
    edited = {**CLUSTER, "spec": {**CLUSTER["spec"], "etcdClusters": etcd}}

    with pytest.raises(InvalidInput) as caught:
        refuse_changes(CLUSTER, edited, OF_A_CLUSTER)

    assert "etcd-manager finds there" in str(caught.value.hint)
