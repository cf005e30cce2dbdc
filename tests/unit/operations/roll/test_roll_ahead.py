"""What blocks a roll is found before the change that asks for the roll."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kled.errors import DrainBlocked
from kled.models.rolling import Roll
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.roll.roll_ahead import NAME
from kled.operations.step import Operation, attempt
from tests.unit.operations.driven_fleet import C, Fleet, fleet_in, session_of

BOTH: tuple[Operation, ...] = (UpdateCluster(C, roll=Roll()), ReconcileCluster(C))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Two groups that were applied; a budget holds the pod of the first one's machine."""
    with fleet_in(tmp_path) as fleet:
        fleet.group("nodes", 1)
        fleet.group("nodes-b", 1)
        fleet.kubernetes.pod("web-1", "nodes-1")
        fleet.kubernetes.budget("web", selector={"matchLabels": {"app": "web"}}, currentHealthy=1)
        key = tmp_path / "state" / C / "pki" / "private" / "kubernetes-ca" / "keyset.yaml"
        key.parent.mkdir(parents=True)
        key.touch()
        yield fleet


def look(fleet: Fleet, operation: Operation) -> str:
    """Make the step that looks ahead; it comes before the first that changes anything."""
    steps = operation.steps()
    ahead = next(at for at, step in enumerate(steps) if step.name == NAME)
    assert all(step.reads for step in steps[: ahead + 1])
    return attempt(steps[ahead], session_of(fleet))


@pytest.mark.parametrize("operation", BOTH, ids=["update and roll", "reconcile"])
def test_a_budget_that_will_block_the_roll_is_told_before_anything_is_applied(
    fleet: Fleet, operation: Operation
) -> None:  # fault 23
    fleet.templates.append("nodes")

    with pytest.raises(DrainBlocked, match="web-1") as caught:
        look(fleet, operation)

    assert "update" not in fleet.called
    assert str(caught.value.hint).endswith(
        f"or go on all the same: kled kops update-cluster --name={C} --yes, then"
        f" kled kops rolling-update --name={C} --skip-preflight --yes"
    )


@pytest.mark.parametrize("operation", BOTH, ids=["update and roll", "reconcile"])
def test_so_is_one_that_blocks_what_needs_a_roll_already(
    fleet: Fleet, operation: Operation
) -> None:
    fleet.outdated.append("nodes")

    with pytest.raises(DrainBlocked):
        look(fleet, operation)


def test_what_rolls_elsewhere_and_what_never_ran_is_not_blocked(fleet: Fleet) -> None:
    fleet.templates.append("nodes-b")
    assert look(fleet, BOTH[0]) == "nothing stands in the way"

    fleet.templates.clear()
    assert look(fleet, BOTH[0]) == "no machine will need to be replaced"

    (fleet.scratch.parent / "state" / C / "pki/private/kubernetes-ca/keyset.yaml").unlink()
    fleet.templates.append("nodes")
    assert look(fleet, BOTH[0]) == "there is no machine to ask for"
