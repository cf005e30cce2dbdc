"""A deletion takes nothing of a neighbour, registered or not. Fault 61."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kled.errors import ClusterNotFound, NotApproved
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.nothing_left import proof_step
from kled.operations.guards import neighbours
from kled.operations.guards.overrides import Overrides
from kled.operations.preview.preview_deletion import preview_deletion
from kled.operations.records import begun_deletion
from kled.operations.runner import run
from kled.operations.session import Session
from tests.fake_kops import FakeKops
from tests.sites import session_at

C, NEAR = "prod.example.com", "prod.example.com.au"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/{}-nth"
OWN = Change("delete", "sqs", QUEUE.format("prod-example-com"), {"id": "own"})
THEIRS = Change("delete", "sqs", QUEUE.format("prod-example-com-au"), {"id": "theirs"})
RULE = Change("delete", "eventbridge-rule", f"{NEAR}-ASGLifecycle", {"id": "rule"})
DOCUMENT = {
    "metadata": {"name": C},
    "spec": {"cloudProvider": "aws", "subnets": [{"zone": "us-east-1a"}]},
}


@dataclass
class Kops(FakeKops):
    """A kops with one cluster, whose resources are listed by the beginning of their names."""

    root: Path
    listed: list[Change]
    deleted: list[str] = field(default_factory=list)

    def definition_find(self, _name: str) -> Definition | None:
        return None if self.deleted else Definition(DOCUMENT, ())

    def definition_get(self, _name: str) -> Definition:
        if self.deleted:
            raise ClusterNotFound("gone")
        return Definition(DOCUMENT, ())

    def cluster_preview_delete(self, name: str) -> Plan:
        return Plan(name, (*self.listed, Change("delete", "definition", name)))

    def cluster_delete(self, name: str) -> None:
        self.deleted.append(name)
        self.listed.clear()
        shutil.rmtree(self.root / "state" / name)

    def cluster_preview_delete_unstored(self, definition: Definition) -> Plan:
        return self.cluster_preview_delete(definition.name)


@dataclass
class World:
    root: Path
    kops: Kops

    def put(self, name: str, zone: str = "us-east-1a", store: str = "state") -> None:
        path = self.root / store / name / "config"
        path.parent.mkdir(parents=True, exist_ok=True)
        subnets = f"[{{zone: {zone}}}]"
        path.write_text(f"kind: Cluster\nspec: {{cloudProvider: aws, subnets: {subnets}}}\n")
        path.with_name("kops-version.txt").write_text("1.36.2")  # it was applied

    def session(self, *stores: str) -> Session:
        settings = "".join(f'[state-stores."{(self.root / one).as_uri()}"]\n' for one in stores)
        (self.root / "config.toml").write_text(settings)
        unchecked = Overrides(no_role_check=True)
        named = {"KLED_CONFIG": str(self.root / "config.toml")}
        return session_at(self.root, self.kops, snapshots=None, overrides=unchecked, env=named)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, Kops(tmp_path, [OWN, THEIRS, RULE]))
    world.put(C)
    return world


def refused(world: World, *stores: str, named: tuple[str, ...] = ()) -> NotApproved:
    with pytest.raises(NotApproved) as caught:
        run(DeleteCluster(C, with_resources_of=named), world.session(*stores))
    assert world.kops.deleted == []
    return caught.value


def test_a_registered_neighbour_stops_a_deletion_with_what_it_would_lose(world: World) -> None:
    world.put(NEAR)

    error = refused(world)

    assert f"{THEIRS.name} of {NEAR}" in error.message
    assert OWN.name not in error.message
    assert error.exit_code == 6
    assert f"--with-resources-of={NEAR}" in str(error.hint)
    assert f"--name={NEAR} --yes" in str(error.hint)


def test_one_in_another_known_state_store_is_named_with_it(world: World) -> None:
    world.put(NEAR, store="other")

    assert f"--state={(world.root / 'other').as_uri()} --name={NEAR}" in str(
        refused(world, "other").hint
    )


def test_what_is_listed_is_evidence_enough_where_nobody_is_registered(world: World) -> None:
    error = refused(world)

    assert "prod-example-com-au" in error.message
    assert "nothing here can recreate them" in str(error.hint)


def test_a_state_store_that_cannot_be_asked_lets_nobodys_queue_go(world: World) -> None:
    world.put(NEAR)
    notes: list[str] = []
    session = world.session("gone/with/the/wind")
    session.note = notes.append

    with pytest.raises(NotApproved):
        run(DeleteCluster(C), session)

    assert world.kops.deleted == []


def test_it_goes_on_where_every_owner_is_named(world: World) -> None:
    world.put(NEAR)
    refused(world, named=("another",))

    report = run(DeleteCluster(C, with_resources_of=(NEAR, "more")), world.session())

    words = {row.step: row.words for row in report.rows}
    assert words["check protection"].endswith(f"TAKES resources of {NEAR}, as asked for")
    assert world.kops.deleted == [C]


def test_the_preview_marks_what_is_not_its_own_and_how_to_make_it_anew(world: World) -> None:
    world.put(NEAR)

    plan = preview_deletion(world.session(), DeleteCluster(C))

    marked = {one.name: neighbours.words_of(one) for one in plan.changes}
    assert marked[OWN.name] == ""
    place = (world.root / "state").as_uri()
    assert marked[THEIRS.name] == f" (NOT ITS OWN: of {NEAR} in {place})"
    assert "would also delete what is not its own" in plan.refused
    assert plan.as_json()["refused"] == plan.refused
    store = (world.root / "state").as_uri()
    assert neighbours.commands_that_make_again(plan) == (
        f"kled kops update-cluster --state={store} --name={NEAR} --yes",
    )
    neighbours.require_own(plan, (NEAR,))


def test_a_neighbour_that_made_its_queue_anew_meanwhile_is_not_what_is_left(world: World) -> None:
    world.put(NEAR)
    session = world.session()
    run(DeleteCluster(C, with_resources_of=(NEAR,)), session)
    assert begun_deletion.read(session, C) is None

    begun_deletion.write(session, C, Definition(DOCUMENT, ()))
    world.kops.listed = [THEIRS, RULE]

    assert "kops finds no cloud resources" in proof_step(C, unregister=False).act(session)
