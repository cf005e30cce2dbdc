"""An approval counts for the plan that it names, and for what an interrupted apply left of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kled.errors import CloudUnavailable, NotApproved
from kled.models.plan import Change, Plan
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.before_change import NEW_KEYS, SNAPSHOT, steps_of
from kled.operations.records.approved_plan import Approved
from kled.operations.runner import run
from kled.operations.session import Session
from tests.fake_kops import FakeKops
from tests.sites import session_at

C = "c.example.com"
GROUP = Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 4"})
TEMPLATE = Change("modify", "LaunchTemplate", "nodes", {"InstanceType": "t3.medium -> t3.large"})
VOLUME = Change("delete", "Volume", "v", {"id": "vol-1"})


class Killed(BaseException):
    """Stands for a kled that died here."""


@dataclass
class Cloud(FakeKops):
    """A kops that applies one change after the other, and dies or fails before some of them."""

    changes: list[Change]
    updates: int = 0
    fails: dict[int, BaseException] = field(default_factory=dict)
    done: int = 0

    def cluster_preview_update(self, name: str) -> Plan:
        return Plan(name, tuple(self.changes))

    def cluster_update(self, _name: str) -> None:
        self.updates += 1
        while self.changes:
            if self.done in self.fails:
                raise self.fails.pop(self.done)
            self.changes.pop(0)
            self.done += 1


@dataclass
class Here:
    root: Path
    cloud: Cloud

    def session(self, **more: str) -> Session:
        return session_at(self.root, self.cloud, state="", snapshots=None, env=more)

    def run(self, approved: Approved | None) -> dict[str, str]:
        report = run(UpdateCluster(C, approved), self.session())
        return {row.step: row.words for row in report.rows}

    @property
    def remembered(self) -> list[Path]:
        return list(self.root.rglob(".kled/updates/*.json"))


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path, Cloud([GROUP, TEMPLATE]))


def approved(*changes: Change, digits: int = 64, known: bool = False) -> Approved:
    plan = Plan(C, changes)
    return Approved(plan.digest[:digits], plan if known else None)


def test_the_approved_plan_is_applied_and_forgotten(here: Here) -> None:
    words = here.run(approved(GROUP, TEMPLATE, digits=12))

    assert words["update cluster"] == "applied: 2 to modify"
    assert here.cloud.changes == []
    assert here.remembered == []


def test_a_changed_plan_is_refused_and_says_what_changed(here: Here) -> None:
    here.cloud.changes.append(VOLUME)

    with pytest.raises(NotApproved) as refused:
        here.run(approved(GROUP, TEMPLATE, known=True))

    assert refused.value.exit_code == 6
    assert refused.value.message.endswith(": delete Volume/v")
    assert here.cloud.updates == 0


def test_a_changed_plan_that_nobody_remembers_is_shown_as_it_is(here: Here) -> None:
    with pytest.raises(NotApproved) as refused:
        here.run(approved(GROUP))

    assert "it is now: modify AutoscalingGroup/nodes; modify Launch" in refused.value.message


def test_less_than_what_was_approved_is_refused_where_nothing_has_begun(here: Here) -> None:
    here.cloud.changes.pop()

    with pytest.raises(NotApproved, match="no longer: modify LaunchTemplate/nodes"):
        here.run(approved(GROUP, TEMPLATE, known=True))


def test_an_approval_outlives_the_kill_of_its_apply(here: Here) -> None:
    here.cloud.fails[1] = Killed()
    with pytest.raises(Killed):
        here.run(approved(GROUP, TEMPLATE))

    words = here.run(approved(GROUP, TEMPLATE))

    assert words["check approval"].startswith("the rest of the plan with the digest")
    assert here.cloud.changes == []
    assert here.remembered == []


def test_an_apply_that_is_tried_again_is_still_approved(here: Here) -> None:
    here.cloud.fails[1] = CloudUnavailable("no answer")

    here.run(approved(GROUP, TEMPLATE))

    assert here.cloud.updates == 2
    assert here.cloud.changes == []


def test_what_joins_a_plan_after_the_kill_is_refused_by_name(here: Here) -> None:
    here.cloud.fails[1] = Killed()
    with pytest.raises(Killed):
        here.run(approved(GROUP, TEMPLATE))
    here.cloud.changes.append(VOLUME)

    with pytest.raises(NotApproved, match="delete Volume/v"):
        here.run(approved(GROUP, TEMPLATE))
    assert here.cloud.changes == [TEMPLATE, VOLUME]


def test_a_memory_that_cannot_be_read_approves_nothing(here: Here) -> None:
    here.cloud.fails[1] = Killed()
    with pytest.raises(Killed):
        here.run(approved(GROUP, TEMPLATE))
    (path,) = here.remembered
    document = json.loads(path.read_bytes())
    document["plan"]["changes"].append(VOLUME.as_json())
    path.write_text(json.dumps(document))

    with pytest.raises(NotApproved):
        here.run(approved(GROUP, TEMPLATE))


def test_an_update_that_is_done_already_needs_no_other_approval(here: Here) -> None:
    here.run(approved(GROUP, TEMPLATE))

    words = here.run(approved(GROUP, TEMPLATE))

    assert words["update cluster"] == "nothing to change"
    assert here.cloud.updates == 1


def test_without_an_approval_the_plan_of_the_moment_is_applied(here: Here) -> None:
    assert here.run(None)["update cluster"] == "applied: 2 to modify"
    assert here.remembered == []


def test_an_approval_is_checked_before_a_snapshot_is_taken(here: Here) -> None:
    session = here.session(KLED_SNAPSHOT_STORE=(here.root / "snapshots").as_uri())

    names = [one.name for one in steps_of(UpdateCluster(C, approved(GROUP)), session)]

    looks = ["check epoch", "check identity", "check approval"]
    assert names == [*looks, SNAPSHOT, "update cluster", NEW_KEYS]
