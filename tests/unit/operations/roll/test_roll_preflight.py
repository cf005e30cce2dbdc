"""What stands in the way of a roll is looked for on the machines that kops would replace."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import DrainBlocked
from kled.models.rolling import Roll, RollingRow
from kled.operations.health.cluster_api import cluster_api
from kled.operations.roll.roll_preflight import Preflight, look
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, session_of


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Two groups; a budget holds the pod of the first one's machine."""
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 1)
        fleet.group("nodes-b", 1)
        fleet.kubernetes.pod("web-1", "nodes-1")
        fleet.kubernetes.budget("web", selector={"matchLabels": {"app": "web"}}, currentHealthy=1)
        yield fleet


def preflight(fleet: Fleet, group: str) -> Preflight:
    session = session_of(fleet)
    row = RollingRow(group, "NeedsUpdate", 1, 0, 1, 1, 1)
    with cluster_api(session, C) as api:
        return look(session, C, [row], api)


@pytest.mark.parametrize("label", ["nodes-b", "gone", None])
def test_a_held_machine_blocks_its_group_whatever_its_label_says(
    fleet: Fleet, label: str | None
) -> None:  # fault 3
    if label:
        fleet.labelled(label, "nodes-1")

    assert "web-1" in preflight(fleet, "nodes").blocked[0]


def test_a_held_machine_of_another_group_blocks_nothing_whatever_its_label_says(
    fleet: Fleet,
) -> None:  # fault 3
    fleet.labelled("nodes-b", "nodes-1")

    assert preflight(fleet, "nodes-b").blocked == ()


def test_a_held_node_that_kops_does_not_list_counts(fleet: Fleet) -> None:
    fleet.machines = [one for one in fleet.machines if one.id != "i-nodes-1"]

    assert preflight(fleet, "nodes-b").blocked != ()


def test_the_command_that_rolls_all_the_same_means_the_same_roll(fleet: Fleet) -> None:
    roll = Roll(("nodes",), force=True, node_interval=timedelta(seconds=90), validate_count=3)

    with pytest.raises(DrainBlocked) as raised:
        preflight(fleet, "nodes").require(C, roll)

    assert str(raised.value.hint).endswith(
        f"or roll all the same: kled kops rolling-update --name={C} --instance-group=nodes --force"
        " --node-interval=90s --validate-count=3 --skip-preflight --yes"
    )
