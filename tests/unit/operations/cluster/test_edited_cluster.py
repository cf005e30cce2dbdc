"""Fault 25: a cluster's whole definition is edited as a text, with the checks that `--set` has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kled import yaml_text
from kled.errors import ClusterDiffers, DefinitionRejected, InvalidInput, VersionRefused
from kled.models.definition import Definition
from kled.operations.cluster.edit_cluster import StoreEditedCluster
from kled.operations.instance_group.edited_group import to_yaml
from kled.retry import Clock
from tests.sites import session_at
from tests.unit.operations.cluster import test_edit_cluster as before

if TYPE_CHECKING:
    from pathlib import Path

C = before.C
STATE = f"s3://b/{C}"
CLOCK = Clock(time.monotonic, lambda _: None)


class Kops(before.Kops):
    """Stores what its editor leaves, but for the fields that it drops."""

    drops: tuple[str, ...] = ()
    generation: int = 0
    made: str | None = "2026-11-23T14:50:31Z"
    labels: dict[str, str] | None = None

    def definition_get(self, name: str) -> Definition:
        counted = {
            "creationTimestamp": self.made,
            "generation": self.generation,
            "labels": self.labels,
        }
        cluster = super().definition_get(name).cluster
        kept = {key: one for key, one in counted.items() if one}
        return Definition({**cluster, "metadata": {**kept, "name": name}}, ())

    def definition_store_edited(self, _name: str, text: str) -> None:
        self.calls.append(text)
        spec: Any = yaml_text.document(text)
        self.spec = {key: one for key, one in spec["spec"].items() if key not in self.drops}


def text_of(kops: Kops, **spec: object) -> str:
    """Return what is stored with some fields changed; None leaves one out."""
    document: dict[str, Any] = dict(kops.definition.get(C).cluster)
    wanted = {**document["spec"], **spec}
    return to_yaml({**document, "spec": {k: one for k, one in wanted.items() if one is not None}})


def store(root: Path, kops: Kops, text: str, **more: Any) -> str:
    (root / "state" / C).mkdir(parents=True, exist_ok=True)
    session = session_at(root, kops, snapshots=None)
    (step,) = StoreEditedCluster(C, text, **more).steps()
    return step.act(session)


def test_what_an_edit_changes_is_said_from_what_to_what(tmp_path: Path) -> None:
    kops = Kops()
    kops.spec["channel"] = "alpha"

    done = store(tmp_path, kops, text_of(kops, channel="stable", sshAccess=["10.0.0.0/8"]))

    assert done == "spec.channel: alpha -> stable; spec.sshAccess: (none) -> ['10.0.0.0/8']"
    assert store(tmp_path, kops, text_of(kops)) == "no change: it says so already"
    assert len(kops.calls) == 1


def test_what_looks_like_something_else_stays_a_text(tmp_path: Path) -> None:  # fault 12
    kops = Kops()

    store(tmp_path, kops, text_of(kops, cloudLabels={"account": "089012345678", "on": "y"}))

    assert 'account: "089012345678"\n    "on": "y"\n' in str(kops.calls[0])


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"configBase": "s3://elsewhere/c"}, "spec.configBase: .* is refused"),  # fault 64
        ({"configBase": None}, "spec.configBase: .* is refused"),
        ({"keyStore": "s3://elsewhere/pki"}, "spec.keyStore: .* is refused"),
        ({"secretStore": "s3://elsewhere/s"}, "spec.secretStore: .* is refused"),
        (
            {"etcdClusters": [{"name": "main", "backups": {"backupStore": "s3://x/y"}}]},
            r"backups\.backupStore: .* is refused",
        ),
        ({"kubernetesVersion": "1.39.0"}, "newer than kops 1.36.2 serves"),  # fault 65
        ({"kubernetesVersion": "1.35.9"}, "would be a downgrade"),
        ({"kubernetesVersion": None}, "is not a version"),
        ({"kubernetesVersion": "v1.36.2"}, "is written without the v: 1.36.2"),
        ({"sshAcess": ["10.0.0.0/8"]}, "spec.sshAcess: there is no such field"),
    ],
)
def test_an_edit_is_checked_as_set_is(
    tmp_path: Path, spec: dict[str, object], problem: str
) -> None:
    kops = Kops()

    with pytest.raises((InvalidInput, VersionRefused), match=problem):
        store(tmp_path, kops, text_of(kops, **spec))

    assert kops.calls == []


def test_a_step_over_a_minor_version_is_taken_where_it_is_allowed(tmp_path: Path) -> None:
    kops = Kops({"kubernetesVersion": "1.34.0", "configBase": STATE})
    text = text_of(kops, kubernetesVersion="1.36.0")

    with pytest.raises(VersionRefused, match="would skip"):
        store(tmp_path, kops, text)

    assert "1.34.0 -> 1.36.0" in store(tmp_path, kops, text, skip_minor_versions=True)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (C, "d.example.com", "metadata.name: must stay"),
        ("kind: Cluster", "kind: InstanceGroup", "kind: must stay"),
        ("spec:", "spec: {}\nspec:", "key 'spec' stands twice"),  # fault 63
        ("spec:", "---\nkind: X\nspec:", "must hold one object, a cluster"),
        ("spec:", "spec: [", "is no YAML|YAML"),
    ],
)
def test_another_object_or_none_is_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    kops = Kops()

    with pytest.raises(InvalidInput, match=problem):
        store(tmp_path, kops, text_of(kops).replace(old, new, 1))

    assert kops.calls == []


def test_what_somebody_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    kops = Kops()
    seen, text = kops.definition.get(C).cluster, text_of(kops, channel="stable")
    kops.spec["sshAccess"] = ["192.0.2.0/24"]

    with pytest.raises(ClusterDiffers, match=r'cluster "c\.example\.com" was changed by'):
        store(tmp_path, kops, text, seen=seen)

    assert kops.calls == []
    assert store(tmp_path, kops, text)  # with --file, which says so


@pytest.mark.parametrize("exported", [0, 1, 4])
def test_a_text_that_was_exported_before_somebody_s_change_is_refused(
    tmp_path: Path, exported: int
) -> None:
    """It undid that change without a word: what differs was taken for what was edited."""
    kops = Kops()
    kops.generation = exported  # kops leaves out the generation of what nobody changed
    text = text_of(kops, channel="alpha")
    kops.spec["sshAccess"], kops.generation = ["192.0.2.0/24"], 3

    with pytest.raises(
        ClusterDiffers, match=f"with generation {exported}, and .* has generation 3"
    ) as told:
        store(tmp_path, kops, text)

    assert kops.calls == []
    assert "get-clusters --name=c.example.com --output=json | jq .cluster" in str(told.value.hint)
    assert "leave metadata.creationTimestamp and metadata.generation out" in str(told.value.hint)


def test_a_text_of_an_earlier_cluster_of_that_name_is_refused(tmp_path: Path) -> None:
    kops = Kops()
    text = text_of(kops, channel="alpha")
    kops.made = "2026-11-24T00:00:00Z"

    with pytest.raises(ClusterDiffers, match="with creationTimestamp 2026-11-23T14:50:31Z, and"):
        store(tmp_path, kops, text)

    kops.made = None  # by somebody's replace: kops stores none where the text has none
    assert store(tmp_path, kops, text)


def test_a_text_without_what_kops_counts_is_stored_with_it(tmp_path: Path) -> None:
    """kops stores what the text says: without a generation, later texts would look older."""
    kops = Kops()
    kops.generation = 3
    document = yaml_text.document(text_of(kops, channel="alpha"))
    assert isinstance(document, dict)
    text = to_yaml({**document, "metadata": {"name": C}})

    assert store(tmp_path, kops, text) == "spec.channel: (none) -> alpha"

    assert "generation: 3" in str(kops.calls[0])
    assert 'creationTimestamp: "2026-11-23T14:50:31Z"' in str(kops.calls[0])
    kops.generation = 4
    assert store(tmp_path, kops, text) == "no change: it says so already"


def test_a_field_of_a_newer_kops_is_not_lost_by_an_edit(tmp_path: Path) -> None:  # fault 13
    kops = Kops()
    (tmp_path / "state" / C).mkdir(parents=True)
    (tmp_path / "state" / C / "config").write_text(before.STORED)

    with pytest.raises(DefinitionRejected, match=r"does not know spec\.flux of cluster"):
        store(tmp_path, kops, text_of(kops, channel="stable"))

    assert kops.calls == []


def test_what_kops_drops_of_an_edit_is_said(tmp_path: Path) -> None:
    kops = Kops()
    kops.drops = ("channel",)

    with pytest.raises(DefinitionRejected, match=r"not store all of it: spec\.channel") as told:
        store(tmp_path, kops, text_of(kops, channel="stable"))

    assert "taken back" not in str(told.value.hint), "it stored nothing else"


def test_what_it_did_store_of_such_an_edit_is_taken_back_by_a_whole_command(tmp_path: Path) -> None:
    kops = Kops()
    kops.drops = ("channel",)

    with pytest.raises(DefinitionRejected) as told:
        store(tmp_path, kops, text_of(kops, channel="stable", kubernetesVersion="1.36.2"))

    assert str(told.value.hint).endswith(f"is taken back so: {before.BACK}")
