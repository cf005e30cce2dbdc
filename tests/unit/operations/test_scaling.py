"""Scaling down ends machines of its own group alone, by kops' word; labels of nodes say nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import ClusterNotReady, DefinitionRejected, KledError
from kled.operations.scale_instance_group import ScaleInstanceGroup
from kled.operations.step import attempt
from tests.unit.operations.fleet import C, Fleet, fleet_in, session_of


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A group of three, and others whose names begin or end like its own."""
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 3)
        fleet.group("nodes-b", 2)
        fleet.group("big.nodes", 2)
        yield fleet


def scale(fleet: Fleet, group: str, low: int | None, high: int | None) -> list[str]:
    session = session_of(fleet)
    patience = timedelta(seconds=30)
    operation = ScaleInstanceGroup(C, group, low, high, patience=patience)
    return [attempt(step, session) for step in operation.steps()]


def journal(fleet: Fleet) -> bool:
    return (fleet.scratch.parent / "state" / ".kled" / "scales" / f"{C}.json").exists()


def steady(fleet: Fleet, group: str = "nodes") -> bool:
    """Whether nothing is held back, cordoned or picked by a group."""
    return not (any(fleet.suspends(group)) or fleet.cordoned() or fleet.picked or journal(fleet))


@pytest.mark.parametrize("label", ["nodes", "gone", None])
def test_no_machine_of_another_group_goes_whatever_its_label_says(
    fleet: Fleet, label: str | None
) -> None:  # fault 3
    if label:
        fleet.labelled(label, "nodes-b-1", "nodes-b-2", "big.nodes-1")

    scale(fleet, "nodes", 1, 1)

    assert sorted(fleet.ended) == ["i-nodes-1", "i-nodes-2"]
    assert steady(fleet)


@pytest.mark.parametrize("label", ["nodes-b", "gone", None])
def test_a_group_is_scaled_whatever_the_labels_of_its_nodes_say(
    fleet: Fleet, label: str | None
) -> None:  # fault 3
    if label:
        fleet.labelled(label, "nodes-1", "nodes-2", "nodes-3")

    words = scale(fleet, "nodes", 2, 2)

    assert len(fleet.ended) == 1
    assert fleet.ended[0] in {"i-nodes-1", "i-nodes-2", "i-nodes-3"}
    assert words[-1] == "2 nodes are ready"
    assert steady(fleet)


def test_a_group_that_is_not_stored_any_more_is_not_taken_for_one_that_begins_like_it(
    fleet: Fleet,
) -> None:
    del fleet.groups["nodes"]
    fleet.groups["nodes-b"]["spec"]["role"] = "Node"

    with pytest.raises(KledError, match=r'instance group "nodes" of cluster .* not found'):
        scale(fleet, "nodes", 1, 1)

    assert fleet.ended == []


def test_a_machine_that_has_not_joined_goes_first_since_nothing_runs_there(fleet: Fleet) -> None:
    fleet.kubernetes.objects["nodes"].pop("nodes-2")
    fleet.instances = [one for one in fleet.instances if one.id != "i-nodes-2"]
    fleet.machine("nodes", "nodes-2", joined=False)
    fleet.kubernetes.pod("web-1", "nodes-1")

    scale(fleet, "nodes", 2, 2)

    assert fleet.ended == ["i-nodes-2"]
    assert fleet.kubernetes.evictions == []


def test_a_machine_without_a_node_stays_where_a_node_is_of_no_machine(fleet: Fleet) -> None:
    nodes = fleet.kubernetes.objects["nodes"]
    nodes["nodes-1"]["spec"]["providerID"] = ""
    fleet.instances = [one for one in fleet.instances if one.id != "i-nodes-1"]
    fleet.machine("nodes", "nodes-1", joined=False)

    scale(fleet, "nodes", 1, 2)

    assert fleet.ended == ["i-nodes-2"]


def test_a_machine_that_kops_lists_under_two_statuses_counts_once(fleet: Fleet) -> None:
    fleet.machine("nodes", "nodes-3", status="NeedsUpdate")

    scale(fleet, "nodes", 2, 2)

    assert fleet.ended == ["i-nodes-3"]  # out of date, and so missed least


def test_neither_detached_machines_nor_a_warm_pool_make_a_group_too_large(fleet: Fleet) -> None:
    fleet.machine("nodes", "nodes-4", status="Detached")
    fleet.machine("nodes", "nodes-5", joined=False, state="WarmPool")

    words = scale(fleet, "nodes", 3, 3)

    assert fleet.ended == []
    assert "no machine has to go" in words[0]


def test_a_machine_that_kops_lists_in_two_groups_is_ended_for_neither(fleet: Fleet) -> None:
    fleet.machine("nodes-b", "nodes-1")

    with pytest.raises(ClusterNotReady, match=r"which one instance group i-nodes-1 are"):
        scale(fleet, "nodes", 2, 2)

    assert fleet.ended == []
    assert steady(fleet)


def test_the_role_that_kops_knows_and_no_label_makes_a_control_plane(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        fleet.group("apes", 3, role="Master")
        fleet.labelled("nodes", "apes-1", "apes-2", "apes-3")

        with pytest.raises(DefinitionRejected, match="hold etcd"):
            scale(fleet, "apes", 1, 1)

        assert fleet.ended == []
