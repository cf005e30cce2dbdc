"""What a flow applies somebody has agreed to, by the rules, whichever operation applies it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import catalog
from kled.errors import NotApproved, Throttled
from kled.models.plan import Change, Plan
from kled.models.plan_values import values
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster, apply_step
from kled.operations.guards.consent import by_rules
from kled.operations.instance_group.plan_scaling import plan_scaling, require_agreed
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.records.approved_plan import Approved
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.step import Operation, attempt
from kled.rules import Approval, Rules
from tests.unit.operations.driven_fleet import C as OF_FLEET
from tests.unit.operations.driven_fleet import Fleet, session_of
from tests.unit.operations.identity.test_identity import GROUP, C, World
from tests.unit.operations.identity.test_identity import world as world  # noqa: PLC0414 - a fixture
from tests.unit.operations.instance_group.scaling import interrupted_at, three_groups

ROOT = Path(__file__).parents[4]
ROLE = Change("modify", "IAMRolePolicy", f"masters.{C}", {"PolicyDocument": "a -> b"})
ASKING = Rules(approval=Approval(configured=True))


def asked(world: World, rules: Rules = ASKING) -> Session:
    """A session as a flow has it."""
    session = world.session()
    session.consent = by_rules(rules)
    return session


@pytest.mark.parametrize("operation", [UpdateCluster(C), ReconcileCluster(C)], ids=["up", "rec"])
def test_no_operation_applies_what_nobody_was_asked_about(
    world: World, operation: Operation
) -> None:
    world.kops.changes = [ROLE]

    with pytest.raises(NotApproved, match=r"needs an approval \(.*iam: modify IAMRolePolicy"):
        run(operation, asked(world))

    assert world.kops.changed == []


def test_what_nobody_has_to_agree_to_is_applied(world: World) -> None:
    world.kops.changes = [GROUP]
    rules = Rules(approval=Approval(("iam",), configured=True))

    run(UpdateCluster(C), asked(world, rules))
    run(UpdateCluster(C), asked(world, Rules()))

    assert world.kops.changed == ["update", "update"]


def test_an_approved_plan_is_applied(world: World) -> None:
    world.kops.changes = [ROLE]

    run(UpdateCluster(C, Approved(Plan(C, (ROLE,)).digest)), asked(world))

    assert world.kops.changed == ["update"]


def test_a_create_that_attaches_to_a_living_cluster_is_asked_about(world: World) -> None:
    world.kops.changes = [ROLE]

    with pytest.raises(NotApproved, match="nobody was asked"):
        step = apply_step(C, new=True)
        attempt(step, asked(world))

    assert world.kops.changed == []


def test_what_a_cluster_becomes_for_the_first_time_is_what_was_asked_for(world: World) -> None:
    """Also at its second attempt, when the first one has made a part."""
    world.lose_all_but("config", "instancegroup")
    world.kops.changes = [Change("create", "IAMRole", f"masters.{C}")]
    step, session = apply_step(C, new=True), asked(world)

    class Halfway(type(world.kops)):  # type: ignore[misc]
        def cluster_update(self, name: str) -> None:
            super().cluster_update(name)
            if len(self.changed) == 1:
                world.put("kops-version.txt", b"1.36.2")
                raise Throttled("slow down")

    world.kops.__class__ = Halfway
    with pytest.raises(Throttled):
        attempt(step, session)
    attempt(step, session)

    assert world.kops.changed == ["update", "update"]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    (tmp_path / "fleet").mkdir()
    with three_groups(tmp_path / "fleet") as fleet:
        yield fleet


def scaled(fleet: Fleet, approved: str | None = None, high: int = 2) -> None:
    """Scale the control plane as a flow does."""
    session = session_of(fleet)
    session.consent = by_rules(ASKING)
    fleet.groups["nodes"]["spec"]["role"] = "Master"
    operation = ScaleInstanceGroup(OF_FLEET, "nodes", 3, high, approved=approved)
    for step in operation.steps()[:2]:
        attempt(step, session)


def test_a_control_plane_is_scaled_by_nobody_who_was_not_asked(fleet: Fleet) -> None:
    with pytest.raises(NotApproved, match="control-plane: modify Machines/nodes"):
        scaled(fleet, high=5)

    assert fleet.ended == []


def test_its_approval_counts_for_these_bounds_alone(fleet: Fleet) -> None:
    plan = plan_scaling(session_of(fleet), OF_FLEET, "nodes", 3, 5)

    scaled(fleet, plan.digest, high=5)
    with pytest.raises(NotApproved, match="nodes with 3 to 7 machines"):
        scaled(fleet, plan.digest[:12], high=7)


def test_its_plan_shows_what_the_bounds_are_now(fleet: Fleet) -> None:  # fault 31
    plan = plan_scaling(session_of(fleet), OF_FLEET, "nodes", 3, 5)

    assert values(plan.changes[0]) == ("minSize: 3", "maxSize: 3 -> 5")


def test_nodes_are_scaled_unless_the_rules_name_machines(fleet: Fleet) -> None:
    session = session_of(fleet)
    plan = plan_scaling(session, OF_FLEET, "nodes", 3, 5)
    session.consent = by_rules(ASKING)

    require_agreed(session, plan, None)

    session.consent = by_rules(Rules(approval=Approval(("machines",), configured=True)))
    with pytest.raises(NotApproved):
        require_agreed(session, plan, None)


def test_an_interrupted_scaling_is_still_the_approved_one(fleet: Fleet) -> None:
    plan = plan_scaling(session_of(fleet), OF_FLEET, "nodes", 2, 2)
    interrupted_at(fleet, "delete_instance")

    assert plan_scaling(session_of(fleet), OF_FLEET, "nodes", None, None).digest == plan.digest
    assert plan_scaling(session_of(fleet), OF_FLEET, "nodes-b", 2, 2).changes


def test_bounds_that_are_so_already_need_nobody(fleet: Fleet) -> None:
    assert plan_scaling(session_of(fleet), OF_FLEET, "nodes", 3, 3).is_empty


# Every flow of the catalog asks, or says here why it need not.

NOT_ASKING = {
    "back-up-state": "changes no cluster",
    "check-health": "reads",
    "export-cluster": "reads",
    "mirror-snapshots": "changes no cluster",
    "plan-update": "reads, and tells those who have to agree",
    "prune-snapshots": "changes no cluster",
    "restore-state": "writes to the state store; bound by digest and confirm",
    "validate-cluster": "reads",
    "verify-snapshots": "changes no cluster",
}


@pytest.mark.parametrize("entry", catalog.load(catalog.path()), ids=lambda one: one.flow)
def test_every_flow_asks_or_says_why_not(entry: catalog.CatalogEntry) -> None:
    source = (ROOT / Path(*entry.module.split("."))).with_suffix(".py").read_text()

    assert ("approvals.obtain(" in source) != (entry.flow in NOT_ASKING)
