"""A field that this kops does not know survives every edit, or somebody gives it up (fault 13)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import DefinitionRejected
from kled.kops.client import Kops
from kled.kops.fields.unknown_fields import unknown_fields
from kled.kops.verbs.definition import DefinitionVerbs
from kled.kops.verbs.instance_group import InstanceGroupVerbs
from kled.operations.cluster.kept_fields import require_all_known, require_known_fields
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
    group_in,
)
from kled.operations.instance_group.edited_group import to_yaml
from kled.operations.instance_group.stored_sizes import StoredSizes
from kled.yaml_text import document
from tests.unit.kops.replay import CAPTURES
from tests.unit.operations.replayed import session, store

if TYPE_CHECKING:
    from pathlib import Path

    from kled.kops.call import KopsCalls
    from kled.operations.session import Session

C = "newer.example.com"
PRINTED = "60k-get-all-unknown-field"
STORED = """\
apiVersion: kops/v1alpha2
kind: InstanceGroup
metadata:
  creationTimestamp: 2018-01-23T10:00:05Z
  labels: {kops.k8s.io/cluster: newer.example.com}
  name: nodes
spec:
  flux: {capacitor: 3, list: [a]}
  image: ami-0123456789abcdef0
  maxSize: 5
  minSize: 1
  role: Node
  suspendProcesses: []
  subnets: [us-east-1c]
status: {}
"""


class Remembering(Kops):
    """Stores nothing, and remembers what it was given."""

    def __init__(self, calls: KopsCalls) -> None:
        super().__init__(calls)
        self.given: dict[str, Any] = {}
        self.instance_groups = Groups(calls, self.given)
        self.definition = Definition(calls, self.given)


@dataclass(frozen=True)
class Groups(InstanceGroupVerbs):
    given: dict[str, Any]

    def edit(self, name: str, group: str, **fields: Any) -> None:
        fields.pop("stored")
        self.given["edited"] = fields

    def store_edited(self, name: str, group: str, text: str) -> None:
        self.given["edited"] = text


@dataclass(frozen=True)
class Definition(DefinitionVerbs):
    given: dict[str, Any]

    def store(self, text: str) -> None:
        self.given["stored"] = text


def here(root: Path, *captures: str) -> Session:
    store(root, f"{C}/instancegroup/nodes", text=STORED)
    return session(root, *captures, kops=Remembering)


def given(one: Session) -> dict[str, Any]:
    kops: Any = one.kops
    given: dict[str, Any] = kops.given
    return given


def printed(root: Path) -> Any:
    return group_in(session(root, PRINTED).kops.definition.get(C), "nodes")


def test_what_kops_does_not_print_is_found() -> None:
    stored, shown = document(STORED), {"spec": {"image": "x", "subnets": ["us-east-1c"]}}

    assert unknown_fields(stored, {**stored, "spec": {}}) == (
        *("spec.flux", "spec.image", "spec.maxSize", "spec.minSize", "spec.role", "spec.subnets"),
    )
    assert unknown_fields({"spec": {"a": [{"b": 1, "c": 2}]}}, {"spec": {"a": [{"b": 1}]}}) == (
        "spec.a[0].c",
    )
    assert unknown_fields({"spec": {"x": {"y": None, "z": []}, "n": 0, "t": ""}}, shown) == ()


def test_an_empty_value_of_a_name_that_kops_has_not_is_found_too() -> None:  # fault 13
    stored = document(STORED.replace("{capacitor: 3, list: [a]}", "false"))
    shown = {**stored, "spec": {k: v for k, v in stored["spec"].items() if k != "flux"}}

    assert unknown_fields(stored, shown) == ("spec.flux",)
    for empty in ("{}", "[]", "0", '""'):
        body = document(STORED.replace("{capacitor: 3, list: [a]}", empty))
        assert unknown_fields(body, shown) == ("spec.flux",)
    del shown["spec"]["suspendProcesses"], shown["status"]
    assert unknown_fields(stored, shown) == ("spec.flux",)
    assert unknown_fields({**stored, "spec": {"flux": None}}, shown) == ()


def test_kops_drops_it_without_a_word() -> None:
    """Why kled looks: the real kops ends with status 0 and says nothing (captures 62, 60k)."""
    assert (CAPTURES / "62-edit-ig-set-unknown-field" / "rc").read_text() == "0"
    assert (CAPTURES / "62-edit-ig-set-unknown-field" / "stderr").read_text() == ""
    assert "flux" not in (CAPTURES / PRINTED / "stdout").read_text()


def test_an_edit_by_options_stops_before_anything_is_stored(tmp_path: Path) -> None:
    one = here(tmp_path, PRINTED, "01-version")
    (step,) = EditInstanceGroup(C, "nodes", sets=("spec.maxSize=6",)).steps()

    with pytest.raises(DefinitionRejected, match=r"kops 1\.36\.2.* does not know spec\.flux") as e:
        step.act(one)

    assert given(one) == {}
    assert "kled kops install --version=" in str(e.value.hint)
    assert "--unset=spec.flux" in str(e.value.hint)


def test_an_edited_text_stops_before_anything_is_stored(tmp_path: Path) -> None:
    text = to_yaml(printed(tmp_path)).replace("maxSize: 5", "maxSize: 6")
    one = here(tmp_path, PRINTED, PRINTED, "01-version")
    (step,) = StoreInstanceGroup(C, "nodes", text).steps()

    with pytest.raises(DefinitionRejected, match="does not know"):
        step.act(one)

    assert given(one) == {}


def test_scaling_stops_before_anything_is_stored(tmp_path: Path) -> None:
    one = here(tmp_path, PRINTED, "01-version")

    with pytest.raises(DefinitionRejected, match="does not know"):
        StoredSizes(one, C, "nodes").store(2, 9, ())

    assert given(one) == {}


@pytest.mark.parametrize("unset", ["spec.flux", "spec.flux.capacitor"])
def test_giving_it_up_is_said_and_done(tmp_path: Path, unset: str) -> None:
    one = here(tmp_path, PRINTED, PRINTED, PRINTED, "01-version")
    (step,) = EditInstanceGroup(C, "nodes", unsets=(unset,)).steps()
    if unset != "spec.flux":
        with pytest.raises(DefinitionRejected, match="does not know"):  # only a part of it
            step.act(one)
        return

    assert step.act(one) == "spec.flux: given up"

    stored = document(given(one)["stored"])
    assert "flux" not in stored["spec"]
    assert stored["spec"]["cloudLabels"]["account"] == "089012345678"


def test_giving_it_up_with_another_change_is_one_edit(tmp_path: Path) -> None:
    one = here(tmp_path, PRINTED, PRINTED, PRINTED)
    unsets = ("spec.flux", "spec.maxPrice")
    (step,) = EditInstanceGroup(C, "nodes", ("spec.maxSize=6",), unsets).steps()

    assert step.act(one) == "spec.flux: given up"
    assert given(one) == {"edited": {"set": ("spec.maxSize=6",), "unset": ("spec.maxPrice",)}}


@pytest.mark.parametrize("text", ["", "a: [", "- a list\n"])
def test_what_only_kops_can_judge_is_left_to_kops(tmp_path: Path, text: str) -> None:
    group = printed(tmp_path)
    store(tmp_path, f"{C}/instancegroup/nodes", text=text)

    assert require_known_fields(session(tmp_path), C, "nodes", group) == ()
    assert require_known_fields(session(tmp_path), C, "gone", group) == ()


CONFIG = """\
apiVersion: kops/v1alpha2
kind: Cluster
metadata: {creationTimestamp: 2018-01-23T10:00:05Z, name: newer.example.com}
spec:
  containerRuntime: docker
  etcdClusters: [{name: main, warp: 9}]
  flux: {capacitor: 3}
  masterInternalName: api.internal.newer.example.com
status: {}
"""


def test_an_upgrade_writes_all_objects_and_drops_no_field_of_any(tmp_path: Path) -> None:
    """A member of fault 13: `kops upgrade` stores the cluster and each group anew."""
    one = here(tmp_path, PRINTED, *["01-version"] * 3)
    definition = one.kops.definition.get(C)
    store(tmp_path, f"{C}/config", text=CONFIG)

    with pytest.raises(DefinitionRejected, match=r"does not know spec\.flux of cluster") as refused:
        require_all_known(one, definition, ("spec.etcdClusters",), way_on="--give-up")
    assert "--give-up=spec.flux" in str(refused.value.hint)
    require_all_known(one, replace(definition, groups=()), ("spec.etcdClusters", "spec.flux"))

    store(tmp_path, f"{C}/config", text="")
    with pytest.raises(DefinitionRejected, match=r"does not know spec\.flux of instance group"):
        require_all_known(one, definition, ("spec.etcdClusters",))


def test_what_kops_dropped_on_purpose_stops_nothing(tmp_path: Path) -> None:
    """`containerRuntime` and `masterInternalName` are read by kops 1.36 and stored no more."""
    one = here(tmp_path, PRINTED, "01-version")
    definition = replace(one.kops.definition.get(C), groups=())
    lines = [line for line in CONFIG.splitlines() if "flux" not in line and "warp" not in line]
    store(tmp_path, f"{C}/config", text="\n".join(lines) + "\n")

    require_all_known(one, definition)
