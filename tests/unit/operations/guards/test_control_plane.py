"""No number takes the control plane's machines away. Fault 4: one guard for all paths."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from kled.errors import DefinitionRejected, InvalidInput, NotApproved
from kled.models.cluster import InstanceGroup
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.operations.guards import control_plane
from kled.operations.guards.overrides import NOTHING
from kled.operations.instance_group.create_delete import DeleteInstanceGroup
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
)
from kled.operations.instance_group.edited_group import to_yaml
from kled.operations.step import attempt
from kled.storage.memory import MemoryStore
from tests.fake_kops import FakeKops

C = "c.example.com"
Document = dict[str, Any]


def group(name: str, role: str, **spec: object) -> Document:
    return {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "InstanceGroup",
        "metadata": {"name": name, "labels": {"kops.k8s.io/cluster": C}},
        "spec": {"role": role, **spec},
    }


@dataclass
class Kops(FakeKops):
    """A kops that stores groups, and writes down that it did."""

    groups: list[Document]
    members: tuple[str, ...] = ()
    changed: list[str] = field(default_factory=list)

    def definition_get(self, _name: str) -> Definition:
        members = [{"name": one, "instanceGroup": one} for one in self.members]
        cluster = {"spec": {"etcdClusters": [{"name": "main", "etcdMembers": members}]}}
        return Definition(cluster, tuple(self.groups))

    def instance_groups_list(self, _name: str) -> tuple[InstanceGroup, ...]:
        return tuple(
            InstanceGroup(
                one["metadata"]["name"],
                "control-plane" if one["spec"]["role"] == "Master" else "node",
                "t3.medium",
                1,
                1,
                (),
            )
            for one in self.groups
        )

    def instance_groups_edit(self, *_: object, **__: object) -> None:
        self.changed.append("edit")

    def instance_groups_store_edited(self, *_: object) -> None:
        self.changed.append("store")

    def instance_groups_delete(self, *_: object) -> None:
        self.changed.append("delete")


@pytest.fixture
def kops() -> Kops:
    return Kops(
        [
            group("plane-a", "Master", minSize=1, maxSize=1),
            group("plane-b", "Master", minSize=3, maxSize=3),
            group("plane-c", "Master"),  # kops' defaults
            group("nodes-main", "Node", minSize=2, maxSize=2),
        ]
    )


def do(kops: Kops, operation: Any) -> str:
    store = MemoryStore()
    for stored in kops.groups:
        key = f"{C}/instancegroup/{stored['metadata']['name']}"
        store.put(key, yaml.safe_dump(stored).encode())
    session: Any = SimpleNamespace(
        before=None,
        settings=SimpleNamespace(environment={}),
        kops=kops,
        state_store=store,
        check=lambda: None,
        overrides=NOTHING,
    )
    return attempt(operation.steps()[-1], session)


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("plane-a", ("spec.maxSize=0",)),
        ("plane-a", ("spec.minSize=0", "spec.maxSize=0")),  # scale --size=0, edit --max=0
        ("plane-a", ("instancegroup.spec/maxSize= 0",)),
        ("plane-a", ("spec.minSize=0",)),
        ("plane-b", ("spec.maxSize=1",)),  # two of three members of etcd
        ("plane-c", ("spec.maxSize=0",)),
        ("plane-a", ("spec.maxSize=4294967296",)),  # kops keeps the last 32 bits
        ("plane-a", ("spec.minSize=-4294967296",)),
        ("plane-b", ("spec.maxSize=2147483648",)),
    ],
)
def test_a_control_plane_cannot_be_set_to_fewer_machines(
    kops: Kops, name: str, sets: tuple[str, ...]
) -> None:
    with pytest.raises(NotApproved) as caught:
        do(kops, EditInstanceGroup(C, name, sets))

    assert f'"{name}" is control plane' in caught.value.message
    assert " -> " in caught.value.message
    assert caught.value.exit_code == 6
    assert kops.changed == []


def test_taking_its_bounds_away_is_as_good_as_setting_them(kops: Kops) -> None:
    with pytest.raises(NotApproved):
        do(kops, EditInstanceGroup(C, "plane-b", (), ("spec.maxSize",)))


@pytest.mark.parametrize("change", [{"maxSize": 0}, {"maxSize": 0, "minSize": 0}, {"minSize": 0}])
def test_an_edited_text_cannot_either(kops: Kops, change: Document) -> None:
    stored = kops.groups[0]
    text = to_yaml({**stored, "spec": {**stored["spec"], **change}})

    with pytest.raises(NotApproved):
        do(kops, StoreInstanceGroup(C, "plane-a", text))

    assert kops.changed == []


@pytest.mark.parametrize(("name", "role"), [("plane-a", "Node"), ("nodes-main", "Master")])
def test_a_group_keeps_its_role(kops: Kops, name: str, role: str) -> None:
    stored = next(one for one in kops.groups if one["metadata"]["name"] == name)
    text = to_yaml({**stored, "spec": {**stored["spec"], "role": role}})

    with pytest.raises(InvalidInput):
        do(kops, StoreInstanceGroup(C, name, text))
    with pytest.raises(InvalidInput):
        do(kops, EditInstanceGroup(C, name, (f"spec.role={role}",)))

    assert kops.changed == []


def test_more_machines_and_workers_are_nobodys_business(kops: Kops) -> None:
    do(kops, EditInstanceGroup(C, "plane-a", ("spec.maxSize=3", "spec.minSize=3")))
    do(kops, EditInstanceGroup(C, "nodes-main", ("spec.maxSize=0", "spec.minSize=0")))

    assert kops.changed == ["edit", "edit"]


def test_the_last_group_of_nodes_is_not_deleted(kops: Kops) -> None:
    """kops deletes it, and refuses every change of the cluster afterwards."""
    workers = [one for one in kops.groups if one["spec"]["role"] == "Node"]
    kops.groups = [one for one in kops.groups if one not in workers[1:]]
    last = workers[0]["metadata"]["name"]

    with pytest.raises(DefinitionRejected, match="besides the control plane") as caught:
        do(kops, DeleteInstanceGroup(C, last))

    assert f"--instance-group={last} --size=0" in str(caught.value.hint)
    assert kops.changed == []


def test_a_group_with_a_member_of_etcd_is_not_deleted(kops: Kops) -> None:
    kops.members = ("plane-b",)

    with pytest.raises(NotApproved) as caught:
        do(kops, DeleteInstanceGroup(C, "plane-b"))

    assert "spec.etcdClusters" in caught.value.message
    do(kops, DeleteInstanceGroup(C, "plane-c"))
    assert kops.changed == ["delete"]


@pytest.mark.parametrize(
    ("kind", "name", "fields", "refused"),
    [
        ("AutoscalingGroup", f"plane-a.masters.{C}", {"MaxSize": "1 -> 0"}, True),
        ("AutoscalingGroup", f"plane-b.masters.{C}", {"MaxSize": "3 -> 1"}, True),
        ("ServerGroup", "plane-a", {"Count": "1 -> 0"}, True),
        ("AutoscalingGroup", f"plane-a.masters.{C}", {"MaxSize": "1 -> 3"}, False),
        ("AutoscalingGroup", f"nodes-main.{C}", {"MaxSize": "2 -> 0"}, False),
        ("LaunchTemplate", f"plane-a.masters.{C}", {"InstanceType": "a -> b"}, False),
    ],
)
def test_a_plan_that_ends_control_planes_is_refused_whoever_stored_it(
    kops: Kops, kind: str, name: str, fields: dict[str, str], refused: bool
) -> None:
    session: Any = SimpleNamespace(kops=kops)
    plan = Plan(C, (Change("modify", kind, name, fields),))

    if not refused:
        control_plane.require_plan(session, plan)
        return
    with pytest.raises(NotApproved) as caught:
        control_plane.require_plan(session, plan)

    assert name in caught.value.message
