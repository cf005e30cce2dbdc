"""Nodes bear what their group's definition said when they were made; the cloud knows the group.

Faults 3 and 78: on AWS `kops.k8s.io/instancegroup` is nothing but the group's `spec.nodeLabels`.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.desk import Desk
from tests.sandbox.normalise import normalise
from tests.sandbox.recordings import differences, recording

C = "c.example.com"
GROUP = "kops.k8s.io/instancegroup"
NODES = f"{C}/instancegroup/nodes-us-east-1a"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(C, "--node-count=1")
    return desk


def add_group(desk: Desk, name: str, **spec: Any) -> None:
    """Store a copy of the nodes' group under another name, as people do."""
    document = yaml.safe_load((desk.state / NODES).read_text())
    document["metadata"]["name"] = name
    document["spec"].update(spec)
    (desk.state / C / "instancegroup" / name).write_text(yaml.safe_dump(document))


def labels_of(desk: Desk, group: str) -> dict[str, str]:
    """The labels of the one node of a group; the cloud says which it is."""
    machine = next(m for m, own in desk.machines(C).items() if own.split(".")[0] == group)
    return desk.labels(C)[machine]


def listed(desk: Desk) -> dict[str, str]:
    told = json.loads(desk.must("get", "instances", f"--name={C}", "-o=json"))
    return {each["id"]: each["instanceGroup"] for each in told}


def test_a_group_that_kops_made_labels_its_nodes_with_its_name(desk: Desk) -> None:
    desk.apply(C)

    assert labels_of(desk, "nodes-us-east-1a")[GROUP] == "nodes-us-east-1a"
    control_plane = labels_of(desk, "control-plane-us-east-1a")
    assert control_plane[GROUP] == "control-plane-us-east-1a"
    assert "node-role.kubernetes.io/control-plane" in control_plane
    assert "node-role.kubernetes.io/node" in labels_of(desk, "nodes-us-east-1a")


def test_a_copied_group_gives_its_nodes_the_other_group_s_name(desk: Desk) -> None:  # fault 3
    add_group(desk, "agents")
    desk.apply(C)

    assert labels_of(desk, "agents")[GROUP] == "nodes-us-east-1a"
    assert sorted(listed(desk).values()) == [
        f"agents.{C}",
        f"control-plane-us-east-1a.masters.{C}",
        f"nodes-us-east-1a.{C}",
    ]


def test_a_group_without_node_labels_gives_its_nodes_no_group(desk: Desk) -> None:  # fault 3
    desk.edit(NODES, lambda document: document["spec"].pop("nodeLabels"))
    desk.apply(C)

    assert GROUP not in labels_of(desk, "nodes-us-east-1a")
    assert f"nodes-us-east-1a.{C}" in listed(desk).values()


def cluster_kubelet(desk: Desk) -> None:
    label = {"kubelet": {"nodeLabels": {GROUP: "everybody"}}}
    desk.edit(f"{C}/config", lambda document: document["spec"].update(label))
    desk.edit(NODES, lambda document: document["spec"].pop("nodeLabels"))


def group_kubelet(desk: Desk) -> None:
    def change(document: dict[str, Any]) -> None:
        document["spec"]["kubelet"] = {"nodeLabels": {GROUP: "everybody"}}
        del document["spec"]["nodeLabels"]

    desk.edit(NODES, change)


def cloud_label(desk: Desk) -> None:
    tag = "k8s.io/cluster-autoscaler/node-template/label/" + GROUP

    def change(document: dict[str, Any]) -> None:
        document["spec"]["cloudLabels"] = {tag: "everybody"}
        del document["spec"]["nodeLabels"]

    desk.edit(NODES, change)


@pytest.mark.parametrize("arrange", [cluster_kubelet, group_kubelet, cloud_label])
def test_other_fields_label_nodes_too(desk: Desk, arrange: Callable[[Desk], None]) -> None:
    arrange(desk)
    desk.apply(C)

    assert labels_of(desk, "nodes-us-east-1a")[GROUP] == "everybody"


def test_the_group_s_own_label_wins_over_the_kubelet_s(desk: Desk) -> None:
    label = {"kubelet": {"nodeLabels": {GROUP: "everybody", "team": "core"}}}
    desk.edit(f"{C}/config", lambda document: document["spec"].update(label))
    desk.apply(C)

    labels = labels_of(desk, "nodes-us-east-1a")
    assert (labels[GROUP], labels["team"]) == ("nodes-us-east-1a", "core")
    assert "team" not in labels_of(desk, "control-plane-us-east-1a")


def test_a_machine_keeps_what_the_definition_said_when_it_was_made(desk: Desk) -> None:
    desk.apply(C)
    before = set(desk.machines(C))
    desk.edit(NODES, lambda document: document["spec"].update(minSize=2, maxSize=2))
    desk.edit(NODES, lambda document: document["spec"].update(nodeLabels={GROUP: "renamed"}))
    desk.apply(C)

    labels = desk.labels(C)
    old = {labels[m][GROUP] for m in before}
    new = {labels[m][GROUP] for m in labels if m not in before}
    assert old == {"nodes-us-east-1a", "control-plane-us-east-1a"}
    assert new == {"renamed"}


def test_machines_of_a_group_whose_role_was_edited_are_nobody_s(desk: Desk) -> None:
    desk.apply(C)
    desk.edit(NODES, lambda document: document["spec"].update(role="Bastion"))
    assert f"nodes-us-east-1a.{C}" in listed(desk).values()

    desk.edit(NODES, lambda document: document["spec"].update(role="Master"))

    assert set(listed(desk).values()) == {f"control-plane-us-east-1a.masters.{C}"}
    assert len(desk.machines(C)) == 2


def test_a_spot_machine_s_node_says_so(desk: Desk) -> None:
    desk.edit(NODES, lambda document: document["spec"].update(maxPrice="0.05"))
    desk.apply(C)

    assert labels_of(desk, "nodes-us-east-1a")["node-role.kubernetes.io/spot-worker"] == "true"
    assert "node-role.kubernetes.io/spot-worker" not in labels_of(desk, "control-plane-us-east-1a")


def test_bounds_that_are_not_said_are_kops_defaults(desk: Desk) -> None:  # case 07
    def unsaid(document: dict[str, Any]) -> None:
        del document["spec"]["minSize"], document["spec"]["maxSize"]

    desk.edit(NODES, unsaid)
    desk.edit(f"{C}/instancegroup/control-plane-us-east-1a", unsaid)
    desk.apply(C)

    table = desk.must("get", "instancegroups", f"--name={C}").splitlines()[1:]
    assert {tuple(row.split()[3:5]) for row in table} == {("-", "-")}
    assert sorted(desk.machines(C).values()) == [
        f"control-plane-us-east-1a.masters.{C}",
        f"nodes-us-east-1a.{C}",
        f"nodes-us-east-1a.{C}",
    ]


L = "l.example.com"
L_NODES = f"{L}/instancegroup/nodes-us-east-1a"


def no_label(desk: Desk) -> None:
    desk.edit(L_NODES, lambda document: document["spec"].pop("nodeLabels"))


def as_control_plane(desk: Desk) -> None:
    desk.edit(L_NODES, lambda document: document["spec"].update(role="Master"))


def inner_name(desk: Desk) -> None:
    desk.edit(L_NODES, lambda document: document["spec"].update(role="ControlPlane"))


def unknown_role(desk: Desk) -> None:
    desk.edit(L_NODES, lambda document: document["spec"].update(role="Banana"))


def no_nodes(desk: Desk) -> None:
    (desk.state / L_NODES).unlink()


def no_groups(desk: Desk) -> None:
    for path in (desk.state / L / "instancegroup").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("arrange", "captures"),
    [
        (
            as_control_plane,
            "N-nl-role-prev N-nl-role-instances N-nl-role-roll N-nl-role-delete",
        ),
        (inner_name, "N-nl-cp-getig"),
        (unknown_role, "N-nl-banana-getig N-nl-banana-prev N-nl-banana-instances"),
        (no_nodes, "N-nl-gone-instances N-nl-gone-roll N-nl-gone-prev"),
        (
            no_groups,
            (
                "N-nl-none-getig N-nl-none-prev N-nl-none-instances N-nl-none-validate "
                "N-nl-none-roll N-nl-none-all"
            ),
        ),
    ],
)
def test_groups_and_machines_that_do_not_fit_are_answered_as_recorded(
    desk: Desk, arrange: Callable[[Desk], None], captures: str
) -> None:
    desk.must("delete", "cluster", f"--name={C}", "--unregister", "--yes")
    desk.create(L, "--node-count=1")
    desk.apply(L)
    time.sleep(1)  # both machines have joined
    arrange(desk)

    for capture in captures.split():
        assert differences(desk.replay(capture), capture) == [], capture


def test_a_group_without_its_label_is_previewed_as_recorded(desk: Desk) -> None:
    desk.create(L, "--node-count=1")
    desk.apply(L)
    no_label(desk)

    rows = desk.replay("N-nl-bare-prev").stdout.splitlines()
    real = recording("N-nl-bare-prev").stdout.splitlines()

    tags = [normalise(row) for row in rows if row.startswith("  \tTags")]
    assert tags == [normalise(row) for row in real if row.startswith("  \tTags")]
