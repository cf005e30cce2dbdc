"""Scaling down ends machines of its own group alone, by kops' word; labels of nodes say nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kled.errors import (
    ClusterNotReady,
    DefinitionRejected,
    DrainBlocked,
    InvalidInput,
    KledError,
)
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.step import attempt
from tests.unit.kubernetes.cluster import held
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, session_of
from tests.unit.operations.instance_group.scaling import (
    scale,
    steady,
    three_groups,
)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with three_groups(tmp_path) as fleet:
        yield fleet


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
    assert words["wait for nodes"] == "2 nodes ready"
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
    fleet.machines = [one for one in fleet.machines if one.id != "i-nodes-2"]
    fleet.machine("nodes", "nodes-2", joined=False)
    fleet.kubernetes.pod("web-1", "nodes-1")

    scale(fleet, "nodes", 2, 2)

    assert fleet.ended == ["i-nodes-2"]
    assert fleet.kubernetes.evictions == []


def test_a_machine_without_a_node_stays_where_a_node_is_of_no_machine(fleet: Fleet) -> None:
    nodes = fleet.kubernetes.objects["nodes"]
    nodes["nodes-1"]["spec"]["providerID"] = ""
    fleet.machines = [one for one in fleet.machines if one.id != "i-nodes-1"]
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
    assert "no machine has to go" in words["check scaling"]


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


def test_a_bastion_is_no_node_and_counts_all_the_same(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        fleet.group("bastions", 0, role="Bastion", minSize=2, maxSize=2)
        fleet.machine("bastions", "b1", joined=False)
        fleet.machine("bastions", "b2", joined=False)

        words = scale(fleet, "bastions", 1, 1)

        assert fleet.ended == ["i-b1"]
        assert words["wait for nodes"] == "1 machine running"


def test_a_group_that_karpenter_fills_is_not_held_back_by_its_definition(fleet: Fleet) -> None:
    fleet.groups["nodes"]["spec"]["manager"] = "Karpenter"

    with pytest.raises(DefinitionRejected, match="Karpenter"):
        scale(fleet, "nodes", 2, 2)

    assert fleet.ended == []


def test_a_bound_that_nobody_set_stays_kops_default(fleet: Fleet) -> None:  # fault 13, case 07
    fleet.group("unset", 2)
    spec = fleet.groups["unset"]["spec"]
    del spec["minSize"], spec["maxSize"]

    words = scale(fleet, "unset", None, 4)

    spec = fleet.groups["unset"]["spec"]
    assert spec.get("minSize", "unset") == "unset"
    assert spec["maxSize"] == 4
    assert words["check scaling"].startswith("unset: 2 to 4 machines wanted")


def test_bounds_that_nobody_set_are_still_unset_after_they_were_held(fleet: Fleet) -> None:
    fleet.group("unset", 2)
    spec = fleet.groups["unset"]["spec"]
    del spec["minSize"], spec["maxSize"]
    fleet.kubernetes.pod("web-1", "unset-1")
    fleet.kubernetes.pod("web-2", "unset-2")
    fleet.kubernetes.on_evict = held

    with pytest.raises(DrainBlocked):
        scale(fleet, "unset", 1, 1)

    assert not {"minSize", "maxSize", "suspendProcesses"} & fleet.groups["unset"]["spec"].keys()


def test_bounds_that_no_definition_can_hold_are_refused_before_anything_is_done(
    fleet: Fleet,
) -> None:
    with pytest.raises(InvalidInput, match="2147483647 machines at most"):
        scale(fleet, "nodes", 1, 3_000_000_000)

    assert steady(fleet)
    assert fleet.groups["nodes"]["spec"]["maxSize"] == 3


def test_moves_that_had_nothing_to_do_have_nothing_to_take_back(fleet: Fleet) -> None:
    """All four told one; `--abandon` found nothing to give back by then."""

    def ways_back() -> list[str]:
        session = session_of(fleet)
        steps = ScaleInstanceGroup(C, "nodes", 3, 4).steps()
        for step in steps:
            attempt(step, session)
        return [step.name for step in steps if step.takes_back]

    assert ways_back() == ["set bounds"]
    assert ways_back() == []
