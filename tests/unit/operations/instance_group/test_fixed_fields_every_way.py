"""What one way to edit refuses, all refuse: options, a file and an editor have the same rules."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import InvalidInput
from kled.kops.fields.fixed_fields import OF_A_CLUSTER, OF_A_GROUP
from kled.kops.fields.flags import flags_for
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
)
from kled.operations.instance_group.edited_group import to_yaml
from tests.unit.operations.cluster.test_edit_cluster import edit
from tests.unit.operations.cluster.test_edited_cluster import STATE, C, Kops, store
from tests.unit.operations.guards import test_control_plane as of_groups

if TYPE_CHECKING:
    from pathlib import Path

METAL = "alpha.kops.k8s.io/cloud"
OF_CLUSTERS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("metadata", "name"): ("metadata.name", "cluster.metadata/name"),
    ("kind",): ("kind",),
    ("apiVersion",): ("apiVersion",),
    ("spec", "cloudProvider"): ("spec.cloudProvider", "cluster.spec/cloudProvider"),
    ("metadata", "labels", METAL): (f"metadata.labels[{METAL}]", f"metadata.labels.{METAL}"),
    ("spec", "configStore", "base"): ("spec.configStore.base",),
    ("spec", "configStore", "keypairs"): ("spec.configStore.keypairs",),
    ("spec", "configStore", "secrets"): ("spec.configStore.secrets",),
    ("spec", "configBase"): ("spec.configBase", "cluster.spec/configBase"),
    ("spec", "keyStore"): ("spec.keyStore",),
    ("spec", "secretStore"): ("spec.secretStore",),
    ("spec", "etcdClusters", "*", "backups", "backupStore"): (
        "spec.etcdClusters[0].backups.backupStore",
        "spec.etcdClusters[*].backups.backupStore",
        "spec/etcdClusters[ 0 ]/backups/backupStore",
    ),
}
"""Each fixed field with its spellings; inside of kops the places of a store have other names."""
OF_GROUPS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("metadata", "name"): ("metadata.name", "instancegroup.metadata/name"),
    ("kind",): ("kind",),
    ("apiVersion",): ("apiVersion",),
    ("spec", "role"): ("spec.role", "instancegroup.spec/role"),
}
INSIDE = {path for path in OF_CLUSTERS if "configStore" in path}
"""Names that no definition has: a text with one is refused as that of no field."""


class Stored(Kops):
    """Takes options as kops' own client does, and has every fixed field."""

    def __init__(self) -> None:
        super().__init__(
            {
                "kubernetesVersion": "1.36.0",
                "cloudProvider": "aws",
                "configBase": STATE,
                "keyStore": f"{STATE}/pki",
                "secretStore": f"{STATE}/secrets",
                "etcdClusters": [{"name": "main", "backups": {"backupStore": f"{STATE}/main"}}],
            }
        )

    def definition_edit(self, name: str, *, stored: Any, set: Any, unset: Any) -> None:  # noqa: A002 - kops' word
        flags_for("Cluster", set, unset, stored)
        super().definition_edit(name, stored=stored, set=set, unset=unset)


def changed(document: Any, path: tuple[str, ...], value: str | None) -> dict[str, Any]:
    """Return the document with the field changed; None leaves it out."""
    found: dict[str, Any] = copy.deepcopy(dict(document))
    holder: Any = found
    for key in path[:-1]:
        holder = holder[0] if key == "*" else holder.setdefault(key, {})
    if value is None:
        holder.pop(path[-1], None)
    else:
        holder[path[-1]] = value
    return found


def test_every_fixed_field_stands_in_the_tables() -> None:
    assert (set(OF_CLUSTERS), set(OF_GROUPS)) == (set(OF_A_CLUSTER), set(OF_A_GROUP))


@pytest.mark.parametrize("path", list(OF_CLUSTERS), ids=".".join)
def test_a_fixed_field_of_a_cluster_is_changed_in_no_way(
    tmp_path: Path, path: tuple[str, ...]
) -> None:
    kops = Stored()
    if path[-1] == METAL:
        kops.labels = {METAL: "none"}
    cluster = kops.definition.get(C).cluster
    for name in OF_CLUSTERS[path]:
        with pytest.raises(InvalidInput):
            edit(tmp_path, kops, f"{name}=gce")
        with pytest.raises(InvalidInput):
            edit(tmp_path, kops, unsets=(name,))
    for value in ("gce", None) if path not in INSIDE else ("gce",):
        with pytest.raises(InvalidInput):
            store(tmp_path, kops, to_yaml(changed(cluster, path, value)))

    assert kops.calls == []


@pytest.mark.parametrize("path", list(OF_GROUPS), ids=".".join)
def test_a_fixed_field_of_a_group_is_changed_in_no_way(path: tuple[str, ...]) -> None:
    kops = of_groups.Kops([of_groups.group("nodes", "Node", minSize=2, maxSize=2)])
    ways: list[Any] = [
        StoreInstanceGroup(C, "nodes", to_yaml(changed(kops.groups[0], path, value)))
        for value in ("Bastion", None)
    ]
    for name in OF_GROUPS[path]:
        ways.append(EditInstanceGroup(C, "nodes", (f"{name}=Bastion",)))
        ways.append(EditInstanceGroup(C, "nodes", unsets=(name,)))
    for way in ways:
        with pytest.raises(InvalidInput):
            of_groups.do(kops, way)

    assert kops.changed == []


@pytest.mark.parametrize("name", ["metadata.generation", "metadata.creationTimestamp"])
def test_what_kops_counts_is_set_by_no_option(tmp_path: Path, name: str) -> None:
    """With another generation an old text would pass for a new one."""
    kops = Stored()

    for change in ({"sets": (f"{name}=9",)}, {"sets": (), "unsets": (name,)}):
        with pytest.raises(InvalidInput, match=name) as told:
            edit(tmp_path, kops, *change["sets"], unsets=change.get("unsets", ()))
        assert "kops counts the changes" in str(told.value.hint)

    assert kops.calls == []


def test_a_cluster_s_cloud_is_not_changed_by_a_text(tmp_path: Path) -> None:
    """It was stored, and neither update-cluster nor delete-cluster could go on with it."""
    kops = Stored()
    text = to_yaml(changed(kops.definition.get(C).cluster, ("spec", "cloudProvider"), "gce"))

    with pytest.raises(InvalidInput, match=r"spec\.cloudProvider: aws -> gce is refused") as told:
        store(tmp_path, kops, text)

    assert "--cloud=CLOUD; nothing was stored" in str(told.value.hint)
    assert kops.calls == []
    assert edit(tmp_path, kops, "spec.cloudProvider=aws") == "no change: it says so already"
