"""Other documents among a definition's, and groups that kops knows and kled does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kled.errors import OutputUnreadable
from kled.kops import parse
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.kops.verbs.definition import DefinitionVerbs
from kled.models.definition import Definition, object_name
from kled.yaml_text import documents
from tests.unit.kops.replay import CAPTURES, Replay, capture

if TYPE_CHECKING:
    from pathlib import Path

CLUSTER = "kind: Cluster\nmetadata: {name: c}\n"
OBJECTS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\ndata: {k: 'on'}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {k: v}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\ndata: {k: w}\n",
    "apiVersion: apps/v1\nkind: DaemonSet\nspec: {}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: aGlkZGVu}\nstringData: {l: m}\n",
)


def of(*names: str) -> Definition:
    return parse.definition((CAPTURES / names[0] / "stdout").read_text())


def with_objects(*objects: str) -> Definition:
    return parse.definition("---\n".join((CLUSTER, *objects)))


def test_an_additional_object_is_kept() -> None:  # fault 10
    found = of("60-get-all-additional-object")

    assert found.group_names == ("master-us-east-1c", "nodes")
    assert [object_name(one) for one in found.more] == ["site-notes"]
    assert "site-notes" in str(found.as_json())
    assert documents(found.as_yaml())[-1] == found.more[0]
    assert parse.definition(found.as_yaml()) == found


def test_the_ssh_credential_of_a_dry_run_is_kept_and_is_no_difference() -> None:  # fault 62
    planned = of("61-dry-run-ssh-key")
    stored = Definition(planned.cluster, planned.groups)

    assert [one["kind"] for one in planned.more] == ["SSHCredential"]
    assert planned.differences(stored) == ()
    assert stored.differences(planned) == ()
    half = Definition(stored.cluster, stored.groups[:1])
    assert half.is_part_of(planned)


def test_an_object_that_differs_or_is_missing_is_named() -> None:
    one, other = with_objects(*OBJECTS[:2]), with_objects(OBJECTS[0], OBJECTS[2], *OBJECTS[3:])

    assert one.differences(one) == ()
    assert one.differences(other) == (
        "ConfigMap b/a",
        "ConfigMap x/a (1)",
        "DaemonSet",
        "Secret s",
    )
    changed = with_objects(OBJECTS[0].replace("'on'", "off"), OBJECTS[1])
    assert one.differences(changed) == ("ConfigMap x/a: data.k",)


def test_an_object_of_another_api_is_no_cluster_and_no_group() -> None:  # a member of 10
    capi = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: capi}\n"
    other = "apiVersion: example.com/v1\nkind: InstanceGroup\nmetadata: {name: other}\n"

    found = with_objects(capi, other)

    assert (found.name, found.groups) == ("c", ())
    assert [object_name(one) for one in found.more] == ["capi", "other"]


def test_a_definition_without_its_objects_is_not_half_stored() -> None:
    group = "kind: InstanceGroup\nmetadata: {name: nodes}\n"
    whole = with_objects(group, OBJECTS[0])

    assert not with_objects().is_part_of(whole)
    assert with_objects(OBJECTS[0]).is_part_of(whole)


def test_the_values_of_a_secret_are_hidden_where_they_are_shown() -> None:
    shown = str(with_objects(OBJECTS[4]).as_json())

    assert "aGlkZGVu" not in shown
    assert "'m'" not in shown
    assert "'k': '(hidden)'" in shown


@dataclass(frozen=True)
class Keeping(DefinitionVerbs):
    """Keeps the text that kops would be given."""

    given: list[str] = field(default_factory=list)

    def store(self, text: str) -> None:
        self.given.append(text)


def test_only_what_kops_replaces_is_given_to_it(tmp_path: Path) -> None:
    """Kops refuses other kinds, after it has stored the cluster; those stay as they are stored."""
    definitions = Keeping(
        KopsCalls("kops", run=Replay([]), env={}, state_store="s3://b", scratch=tmp_path)
    )
    planned = of("61-dry-run-ssh-key")
    config_map = {"kind": "ConfigMap"}

    definitions.replace(Definition(planned.cluster, planned.groups, (*planned.more, config_map)))

    kinds = [one["kind"] for one in documents(definitions.given[0])]
    assert kinds == ["Cluster", "InstanceGroup", "InstanceGroup", "SSHCredential"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("60d-get-ig-no-role", "has no role"),
        ("60e-get-ig-other-role", "role 'GPU' is not known"),
    ],
)
def test_a_group_that_is_not_understood_stands_in_the_list(name: str, problem: str) -> None:
    # fault 10
    control_plane, nodes = parse.instance_groups((CAPTURES / name / "stdout").read_text())

    assert (control_plane.role, control_plane.problem) == ("control-plane", "")
    assert (nodes.name, nodes.role, nodes.problem) == ("nodes", "unknown", problem)
    assert nodes.as_json()["problem"] == problem
    assert "problem" not in control_plane.as_json()


def test_a_cluster_without_groups_has_none(tmp_path: Path) -> None:  # fault 10
    answers = [capture("60f-get-ig-none"), capture("60j-get-all-no-groups")]
    kops = Kops(
        KopsCalls("kops", run=Replay(answers), env={}, state_store="s3://b", scratch=tmp_path)
    )

    assert kops.instance_groups.list("none.example.com") == ()
    assert kops.definition.get("none.example.com").groups == ()


def test_a_definition_that_names_another_cluster_is_not_taken_for_it(tmp_path: Path) -> None:
    # fault 98
    answers = [capture("60m-get-all-other-name"), capture("60m-get-all-other-name")]
    kops = Kops(
        KopsCalls("kops", run=Replay(answers), env={}, state_store="s3://b", scratch=tmp_path)
    )

    for read in (kops.definition.get, kops.definition.find):
        with pytest.raises(OutputUnreadable, match=r'"other\.example\.com" names') as raised:
            read("other.example.com")
        assert "metadata.name" in str(raised.value.hint)


def test_a_definition_of_kops_1_8_keeps_every_text_a_text() -> None:
    found = of("60i-get-all-legacy")
    nodes = found.groups[1]["spec"]

    assert isinstance(nodes, dict)
    assert nodes["cloudLabels"] == {
        "Backup": "Y",
        "account": "089012345678",
        "k8s.io/cluster-autoscaler/enabled": "yes",
    }
    assert nodes["maxPrice"] == "0.4"
    assert parse.definition(found.as_yaml()) == found
