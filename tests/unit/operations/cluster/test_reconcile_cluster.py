"""A reconciliation applies the plan that somebody approved, and no other (fault 77)."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import KopsError, NotApproved
from kled.models.plan import Change, Plan
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.records.approved_plan import Approved
from kled.operations.step import attempt
from kled.storage.memory import MemoryStore
from tests.fake_kops import FakeKops
from tests.unit.operations import births

C = "c.example.com"
PLAN = Plan(C, (Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 3"}),))


@dataclass
class Kops(FakeKops):
    """Previews one plan."""

    plan: Plan = PLAN
    reconciled: list[str] = field(default_factory=list)

    def cluster_preview_reconcile(self, _name: str) -> Plan:
        return self.plan


def check(plan: Plan, digest: str) -> str:
    steps = ReconcileCluster(C, Approved(digest)).steps()
    (approval,) = (step for step in steps if step.name == "check approval")
    session: Any = SimpleNamespace(kops=Kops(plan), state_store=MemoryStore())
    assert approval.reads  # a refusal costs no snapshot
    return approval.act(session)


def test_the_approved_plan_is_the_one_that_is_applied() -> None:
    assert "is still the one with the digest" in check(PLAN, PLAN.digest[:12])


def test_without_a_digest_nothing_is_checked() -> None:
    assert "check approval" not in [step.name for step in ReconcileCluster(C).steps()]


def test_another_plan_than_the_approved_one_is_refused() -> None:
    other = Plan(C, (Change("delete", "AutoscalingGroup", "nodes"),))

    with pytest.raises(NotApproved, match="delete AutoscalingGroup/nodes"):
        check(other, PLAN.digest[:12])


def test_a_plan_that_changes_between_the_check_and_the_reconciliation_is_refused() -> None:
    """Fault 77, another member: the check under the lease costs minutes of looking at budgets."""
    kops = Kops(Plan(C, (Change("delete", "AutoscalingGroup", "nodes"),)))
    session: Any = SimpleNamespace(kops=kops, state_store=MemoryStore())
    act = ReconcileCluster(C, Approved(PLAN.digest[:12])).steps()[-1]
    assert act.name == "reconcile cluster"

    with pytest.raises(NotApproved, match="delete AutoscalingGroup/nodes"):
        act.act(session)

    assert kops.reconciled == []


class Failing(births.Kops):
    """Previews what a first update makes, and fails while it makes that."""

    def cluster_preview_update(self, name: str) -> Plan:
        return self.cluster_preview_reconcile(name)

    def cluster_preview_reconcile(self, name: str) -> Plan:
        return Plan(name, (Change("create", "VPC", name),))

    def cluster_reconcile(self, _name: str) -> None:
        raise KopsError("the cloud is away")


def test_of_a_first_reconciliation_the_way_back_deletes_what_was_made(tmp_path: Path) -> None:
    """It said that machines which were replaced are gone, and to edit the definition back."""
    desk = births.Desk(tmp_path)
    desk.kops.definition_store(births.definition())
    kops = Failing((tmp_path / "state").as_uri())
    step = ReconcileCluster(C).steps()[-1]

    with pytest.raises(KopsError) as failed:
        attempt(step, desk.session(kops))

    assert "nothing of it ran before: delete what was made" in str(failed.value.hint)
