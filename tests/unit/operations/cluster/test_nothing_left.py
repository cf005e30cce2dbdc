"""A deletion counts when neither the state store nor the cloud has anything left."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kled.errors import DocumentDamaged, StillThere
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.operations.cluster.nothing_left import proof_step
from kled.operations.records import begun_deletion
from kled.operations.session import Session
from kled.operations.step import attempt
from kled.retry import call
from tests.fake_kops import FakeKops
from tests.sites import session_at

C = "c.example.com"
DEFINITION = Definition(
    {"kind": "Cluster", "metadata": {"name": C}, "spec": {"cloudProvider": "aws"}},
    ({"kind": "InstanceGroup", "metadata": {"name": "nodes"}, "spec": {"role": "Node"}},),
)
BALANCER = Change("delete", "load-balancer", "api", {"id": "arn"})


@dataclass
class Kops(FakeKops):
    """Finds resources in the cloud for a cluster that is stored nowhere; some go late."""

    left: list[Change] = field(default_factory=list)
    late: int = 0
    looks: int = 0

    def cluster_preview_delete_unstored(self, definition: Definition) -> Plan:
        self.looks += 1
        assert definition.cluster == DEFINITION.cluster
        left = self.left if self.looks > self.late else [BALANCER]
        return Plan(definition.name, (*left, Change("delete", "definition", definition.name)))


@dataclass
class Here:
    root: Path
    kops: Kops
    snapshots: str = "/nowhere"
    """Where its snapshots are kept; empty: none are."""

    @property
    def session(self) -> Session:
        kept = {"KLED_SNAPSHOT_STORE": self.snapshots} if self.snapshots else {}
        return session_at(self.root, self.kops, snapshots=None, env=kept)

    def put(self, key: str) -> None:
        path = self.root / "state" / C / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("left")

    def prove(self, *, unregister: bool = False) -> str:
        """Make the step with its retries; nobody waits."""
        step = proof_step(C, unregister=unregister)
        return call(lambda: attempt(step, self.session), step.policy, self.session.clock)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """A cluster that was just deleted."""
    (tmp_path / "state").mkdir()
    found = Here(tmp_path, Kops())
    begun_deletion.write(found.session, C, DEFINITION)
    return found


def test_it_is_over_when_kops_finds_nothing_for_the_definition_on_record(here: Here) -> None:
    assert here.prove() == "no object is left; kops finds no cloud resources"

    assert begun_deletion.read(here.session, C) is None


@pytest.mark.parametrize("unregister", [False, True])
def test_what_is_on_record_of_its_rolls_goes_with_it(here: Here, *, unregister: bool) -> None:
    """Another cluster of that name has no past; one that was unregistered lives on."""
    rolls = here.root / "state" / ".kled" / "rolls" / f"{C}.json"
    rolls.parent.mkdir()
    rolls.write_text("{}")

    here.prove(unregister=unregister)

    assert rolls.exists() == unregister


def damage(here: Here) -> Path:
    record = here.root / "state" / ".kled" / "deletions" / f"{C}.json"
    record.write_text(record.read_text().replace('"groups"', '"grops"'))
    return record


def test_a_damaged_record_of_the_deletion_weakens_no_proof(here: Here) -> None:  # fault 84
    """Without the definition nobody would look into the cloud."""
    record = damage(here)

    with pytest.raises(DocumentDamaged, match="its field groups is missing") as refused:
        here.prove()

    assert f"kled snapshot restore --name={C} --snapshot=latest" in (refused.value.hint or "")
    assert record.exists()


def test_an_unregistration_needs_no_record(here: Here) -> None:
    record = damage(here)

    here.prove(unregister=True)

    assert not record.exists()


def test_a_cloud_that_forgets_late_is_waited_for(here: Here) -> None:
    here.kops.late = 3

    here.prove()

    assert here.kops.looks == 4


def test_what_stays_in_the_cloud_is_named_and_the_record_stays(here: Here) -> None:
    here.kops.left = [BALANCER]

    with pytest.raises(StillThere, match=r"1 resource of .*: load-balancer api") as failure:
        here.prove()

    assert "kled snapshot restore" in str(failure.value.hint)
    assert begun_deletion.read(here.session, C) == DEFINITION
    here.snapshots = ""
    with pytest.raises(StillThere) as failure:
        here.prove()
    assert "restore" not in str(failure.value.hint)
    here.kops.left = []
    assert here.prove().endswith("kops finds no cloud resources")


def test_what_stays_in_the_store_is_named(here: Here) -> None:
    here.put("pki/private/kubernetes-ca/keyset.yaml")

    with pytest.raises(StillThere, match=rf"1 object left in .*: {C}/pki"):
        here.prove()


def test_a_run_after_the_end_has_nothing_to_look_for(here: Here) -> None:
    here.prove()

    assert here.prove().endswith("kops had ended it when this run began")
    assert here.kops.looks == 1


def test_an_unregistration_leaves_the_cloud_and_what_machines_write(here: Here) -> None:
    here.kops.left = [BALANCER]
    here.put("backups/etcd/main/2026-11-24T23:45:00Z-000075/etcd.backup.gz")

    words = here.prove(unregister=True)

    assert words.startswith("its machines go on writing etcd backups")
    assert here.kops.looks == 0
    here.put("config")
    with pytest.raises(StillThere, match="2 objects"):
        here.prove(unregister=True)
