"""Scaling down ends machines of its own group alone, by kops' word; labels of nodes say nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import (
    ClusterNotReady,
    DefinitionRejected,
    DrainBlocked,
    KledError,
    LeaseLost,
    Throttled,
)
from kled.operations.giving_back import give_back
from kled.operations.scale_instance_group import ScaleInstanceGroup
from kled.operations.step import attempt
from tests.unit.kubernetes.cluster import held
from tests.unit.operations.fleet import C, Fleet, fleet_in, session_of

FINISH = (
    f"finish it: kled kops scale-instance-group --name={C} --instance-group=nodes --min=2 --max=2"
    " --yes"
)
ABANDON = (
    "give the group back what it was: kled kops scale-instance-group"
    f" --name={C} --instance-group=nodes --abandon --yes"
)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A group of three, and others whose names begin or end like its own."""
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 3)
        fleet.group("nodes-b", 2)
        fleet.group("big.nodes", 2)
        yield fleet


def scale(
    fleet: Fleet, group: str, low: int | None, high: int | None, notes: list[str] | None = None
) -> dict[str, str]:
    """Scale a group; return what each step says."""
    session = session_of(fleet, notes)
    patience = timedelta(seconds=30)
    operation = ScaleInstanceGroup(C, group, low, high, patience=patience)
    return {step.name: attempt(step, session) for step in operation.steps()}


def interrupted_at(fleet: Fleet, verb: str) -> None:
    """Interrupt the scale-down of `nodes` to two machines when it makes that call."""

    def interrupt(_call: int) -> None:
        if fleet.called[-1] == verb:
            raise KeyboardInterrupt

    fleet.fails = interrupt
    with pytest.raises(KeyboardInterrupt):
        scale(fleet, "nodes", 2, 2)
    fleet.fails = lambda _call: None


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
    assert words["wait for nodes"] == "2 nodes are ready"
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
        assert words["wait for nodes"] == "1 machines run"


def test_a_group_that_karpenter_fills_is_not_held_back_by_its_definition(fleet: Fleet) -> None:
    fleet.groups["nodes"]["spec"]["manager"] = "Karpenter"

    with pytest.raises(DefinitionRejected, match="Karpenter"):
        scale(fleet, "nodes", 2, 2)

    assert fleet.ended == []


CALLS = (
    ("update_preview", 2),
    ("store_edited_group", 1),
    ("update", 1),
    ("update_preview", 3),
    ("export_kubeconfig", 1),
    ("get_instances", 7),
    ("delete_instance", 1),
    ("get_instances", 9),
    ("store_edited_group", 2),
    ("update", 2),
    ("get_definition", 4),
    ("store_edited_group", 3),
    ("update", 3),
    ("export_kubeconfig", 2),
)
"""The calls of a scale-down that changes something, and what it asks between them."""


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "for good"])
@pytest.mark.parametrize("error", [Throttled, LeaseLost])
@pytest.mark.parametrize(("verb", "number"), CALLS)
def test_a_failure_anywhere_gives_the_group_back_or_says_what_is_left(
    fleet: Fleet, verb: str, number: int, error: type[KledError], times: int
) -> None:  # fault 3
    fleet.groups["nodes"]["spec"]["suspendProcesses"] = ["AlarmNotification"]
    fleet.update(C)
    fleet.called.clear()
    lowered = {**fleet.groups["nodes"]["spec"], "minSize": 2, "maxSize": 2}
    fleet.groups["nodes"] = {**fleet.groups["nodes"], "spec": lowered}  # and not applied yet
    fleet.kubernetes.pod("web-1", "nodes-1")
    left = [times]

    def fails(_call: int) -> KledError | None:
        broken = left[0] < times or fleet.called.count(verb) == number
        if not broken or not left[0]:
            return None
        left[0] -= 1
        return error("it broke")

    fleet.fails = fails
    with pytest.raises(error) as broke:
        scale(fleet, "nodes", 2, 2)

    if journal(fleet) or fleet.cordoned() or "Launch" in str(fleet.suspends("nodes")):
        assert FINISH in str(broke.value.hint)
    fleet.fails = lambda _call: None
    scale(fleet, "nodes", 2, 2)
    assert fleet.suspends("nodes") == (["AlarmNotification"], ["AlarmNotification"])
    assert fleet.cordoned() == []
    assert not journal(fleet)
    assert not fleet.picked
    assert {one.rpartition("-")[0] for one in fleet.ended} <= {"i-nodes", "i-nodes-new"}
    assert len([one for one in fleet.instances if one.instance_group == f"nodes.{C}"]) == 2


class Killed(BaseException):
    """Nothing of the run happens after it."""


@pytest.mark.parametrize(("verb", "number"), CALLS)
def test_a_scale_down_that_is_killed_anywhere_is_ended_by_the_next_run(
    fleet: Fleet, verb: str, number: int
) -> None:
    def dies(_call: int) -> None:
        if fleet.called.count(verb) == number:
            raise Killed

    fleet.kubernetes.pod("web-1", "nodes-1")
    fleet.fails = dies
    with pytest.raises(Killed):
        scale(fleet, "nodes", 2, 2)
    fleet.fails = lambda _call: None

    scale(fleet, "nodes", 2, 2)

    assert steady(fleet)
    assert fleet.ended == ["i-nodes-2"]
    assert (fleet.kubernetes.evictions, len(fleet.instances)) == ([], 6)


def test_a_failure_that_passes_leaves_nothing_held_back(fleet: Fleet) -> None:  # fault 3
    fleet.fails = lambda _call: (
        Throttled("it broke") if fleet.called[-1] == "delete_instance" else None
    )

    with pytest.raises(Throttled) as broke:
        scale(fleet, "nodes", 2, 2)

    assert "suspend" not in (broke.value.hint or "")
    assert steady(fleet)
    assert fleet.ended == []


def test_an_api_that_goes_away_leaves_the_group_launching_and_says_what_is_cordoned(
    fleet: Fleet,
) -> None:  # fault 3
    fleet.kubernetes.pod("web-1", "nodes-1")
    fleet.kubernetes.pod("web-2", "nodes-2")
    fleet.kubernetes.pod("web-3", "nodes-3")

    def goes_away(name: str) -> None:
        fleet.kubernetes.down = True

    fleet.kubernetes.on_evict = goes_away

    with pytest.raises(DrainBlocked) as broke:
        scale(fleet, "nodes", 2, 2)

    assert fleet.suspends("nodes") == ([], [])
    assert fleet.cordoned() == ["nodes-1"]
    assert broke.value.hint is not None
    assert "nodes-1 cordoned" in broke.value.hint
    assert FINISH in broke.value.hint


def test_a_drain_that_is_blocked_gives_all_back(fleet: Fleet) -> None:
    for number in (1, 2, 3):
        fleet.kubernetes.pod(f"web-{number}", f"nodes-{number}")
    fleet.kubernetes.on_evict = held

    with pytest.raises(DrainBlocked):
        scale(fleet, "nodes", 2, 2)

    assert steady(fleet)
    assert fleet.ended == []


def test_an_interruption_says_what_is_left(fleet: Fleet) -> None:  # fault 3
    notes: list[str] = []
    fleet.kubernetes.pod("web-1", "nodes-1")

    def interrupt(call: int) -> None:
        if fleet.called[-1] == "delete_instance":
            raise KeyboardInterrupt

    fleet.fails = interrupt

    with pytest.raises(KeyboardInterrupt):
        scale(fleet, "nodes", 2, 2, notes)

    assert FINISH in notes[-1]


def test_another_group_is_scaled_after_the_interrupted_one(fleet: Fleet) -> None:  # fault 20
    interrupted_at(fleet, "delete_instance")

    with pytest.raises(KledError, match='scaling "nodes" down was interrupted') as refused:
        scale(fleet, "nodes-b", 1, 1)

    assert FINISH in str(refused.value.hint)
    assert ABANDON in str(refused.value.hint)


def test_a_node_that_need_not_go_any_more_is_not_left_cordoned(fleet: Fleet) -> None:
    interrupted_at(fleet, "delete_instance")

    scale(fleet, "nodes", 3, 3)

    assert steady(fleet)
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


def test_a_group_that_gets_back_what_it_was_picks_no_machine(fleet: Fleet) -> None:
    lowered = {**fleet.groups["nodes"]["spec"], "minSize": 2, "maxSize": 2}
    fleet.groups["nodes"] = {**fleet.groups["nodes"], "spec": lowered}  # and not applied yet
    interrupted_at(fleet, "store_edited_group")

    give_back(session_of(fleet), C, None)

    assert len([one for one in fleet.instances if one.instance_group == f"nodes.{C}"]) == 3
    assert steady(fleet)


def test_a_group_that_was_deleted_meanwhile_gets_nothing_back(fleet: Fleet) -> None:
    interrupted_at(fleet, "delete_instance")
    del fleet.groups["nodes"]

    assert give_back(session_of(fleet), C, None) == "there is no group nodes any more"

    assert not journal(fleet)
