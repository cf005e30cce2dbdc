"""Keys that a cluster had are not made anew: on directories as stores, with a kops that counts."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kled.errors import IdentityAtRisk, NotApproved
from kled.models.cluster import InstanceGroup
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingPlan
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.guards.overrides import Overrides
from kled.operations.guards.taken_snapshot import take_snapshot
from kled.operations.identity import identity_check
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.step import Operation
from kled.snapshot.epoch import epoch
from tests.fake_kops import FakeKops
from tests.sites import session_at
from tests.unit.snapshot import fleets

C = fleets.name(1)
CA = Change("create", "Keypair", "kubernetes-ca")
NEW = Change("create", "Keypair", "etcd-clients-ca-cilium")
GROUP = Change("modify", "AutoscalingGroup", "nodes", {"MaxSize": "2 -> 4"})
CA_KEY = "pki/private/kubernetes-ca/keyset.yaml"
NODE_CONFIG = "igconfig/control-plane/control-plane-a/nodeupconfig.yaml"
KEYSETS = ("apiserver-aggregator-ca", "etcd-clients-ca", "kubernetes-ca", "service-account")


@dataclass
class Kops(FakeKops):
    """A kops whose plan is given; it counts what it was told to change."""

    changes: list[Change]
    changed: list[str] = field(default_factory=list)
    stored: Definition | None = None
    listed: tuple[Change, ...] = ()
    """What `delete cluster` finds in the cloud."""

    def cluster_preview_rolling_update(self, name: str, _roll: Roll) -> RollingPlan:
        return RollingPlan(name, ())

    def cluster_preview_update(self, name: str) -> Plan:
        return Plan(name, tuple(self.changes))

    cluster_preview_reconcile = cluster_preview_update

    def cluster_preview_delete(self, name: str) -> Plan:
        return Plan(name, self.listed)

    def definition_find(self, _name: str) -> Definition | None:
        return self.stored

    def instance_groups_list(self, _name: str) -> tuple[InstanceGroup, ...]:
        return ()

    def credentials_list_keypairs(self, _name: str) -> tuple[()]:
        return ()

    def cluster_update(self, _name: str) -> None:
        self.changed.append("update")

    def cluster_reconcile(self, _name: str) -> None:
        self.changed.append("reconcile")

    def definition_upgrade(self, name: str, *_more: object) -> Plan:
        self.changed.append("upgrade")
        return Plan(name, ())


@dataclass
class World:
    root: Path
    kops: Kops
    new_identity: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    guarded: bool = False
    """Whether epoch and snapshots guard it."""

    def session(self) -> Session:
        off = not self.guarded
        overrides = Overrides(no_snapshot=off, no_epoch=off, new_identity=self.new_identity)
        return session_at(self.root, self.kops, snapshots=None, overrides=overrides, env=self.env)

    def put(self, key: str, body: bytes) -> None:
        path = self.root / "state" / C / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def lose(self, key: str) -> None:
        (self.root / "state" / C / key).unlink()

    def lose_all_but(self, *kept: str) -> None:
        root = self.root / "state" / C
        for path in [one for one in root.rglob("*") if one.is_file()]:
            if not str(path.relative_to(root)).startswith(kept):
                path.unlink()

    def snapshot(self) -> str:
        self.env["KLED_SNAPSHOT_STORE"] = (self.root / "snapshots").as_uri()
        result = take_snapshot(self.session(), C)
        assert result is not None
        return str(result.snapshot)

    def run(self, operation: Operation) -> dict[str, str]:
        return {row.step: row.words for row in run(operation, self.session()).rows}

    def refused(self, operation: Operation) -> IdentityAtRisk:
        with pytest.raises(IdentityAtRisk) as caught:
            self.run(operation)
        assert caught.value.exit_code == 6
        assert self.kops.changed == []
        return caught.value


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A cluster that was applied, as kops left it."""
    for store in ("state", "snapshots"):
        (tmp_path / store).mkdir()
    world = World(tmp_path, Kops([GROUP]))
    for key, body in fleets.objects(1).items():
        world.put(key, body)
    ids = "".join(f"  {one}: '1'\n" for one in KEYSETS)
    world.put(NODE_CONFIG, f"KeypairIDs:\n{ids}".encode())
    return world


def test_a_lost_authority_stops_an_update_before_kops_and_names_its_snapshot(world: World) -> None:
    """Fault 1."""
    taken = world.snapshot()
    world.lose(CA_KEY)
    world.kops.changes = [CA, GROUP]

    error = world.refused(UpdateCluster(C))

    assert "kubernetes-ca" in error.message
    assert f"kled snapshot restore --name={C} --snapshot={taken} --class=identity --yes" in str(
        error.hint
    )
    assert f"--new-identity={C}" in str(error.hint)


@pytest.mark.parametrize(
    "operation",
    [UpdateCluster(C), ReconcileCluster(C), UpgradeCluster(C), RotateKeypairs(C, "create")],
    ids=lambda one: one.name,
)
def test_nothing_goes_on_with_a_cluster_whose_keys_are_gone(
    world: World, operation: Operation
) -> None:
    """Fault 1, on every path, and before a plan is made."""
    world.lose(CA_KEY)

    error = world.refused(operation)

    assert "no snapshot is known to have them" in str(error.hint)


def test_a_later_snapshot_without_the_key_is_not_the_one_to_restore(world: World) -> None:
    good = world.snapshot()
    world.lose(CA_KEY)
    bad = world.snapshot()
    world.kops.changes = [CA]

    error = world.refused(UpdateCluster(C))

    assert good in str(error.hint)
    assert bad not in str(error.hint)


def test_a_key_that_is_there_and_proposed_all_the_same_is_refused(world: World) -> None:
    """Fault 1: kops#18680."""
    world.kops.changes = [CA]

    error = world.refused(UpdateCluster(C))

    assert "the state store has it" in error.message


@pytest.mark.parametrize("left", [("config", "instancegroup"), ("config", "backups")])
def test_all_but_the_definition_may_be_lost_and_the_snapshot_still_knows(
    world: World, left: tuple[str, ...]
) -> None:
    taken = world.snapshot()
    world.lose_all_but(*left)
    world.kops.changes = [CA, Change("create", "Secret", "admin")]

    error = world.refused(UpdateCluster(C))

    assert taken in str(error.hint)
    assert "admin" in error.message


def test_without_any_snapshot_machines_that_run_are_evidence(world: World) -> None:
    world.lose_all_but("config", "instancegroup")
    world.kops.changes = [CA]
    group = {"metadata": {"name": "control-plane-a"}, "spec": {"role": "Master"}}
    world.kops.stored = Definition({"spec": {"cloudProvider": "aws"}}, (group,))

    error = world.refused(UpdateCluster(C))

    assert "its control plane is in the cloud already" in error.message


def elsewhere(world: World) -> None:
    """A definition, made without kled, whose control plane is in another zone than what runs."""
    world.lose_all_but("config", "instancegroup")
    world.kops.changes = [CA, Change("create", "AutoscalingGroup", f"control-plane-b.masters.{C}")]
    group = {"metadata": {"name": "control-plane-b"}, "spec": {"role": "Master"}}
    world.kops.stored = Definition({"spec": {"cloudProvider": "aws"}}, (group,))


def test_machines_of_another_zone_are_evidence_too(world: World) -> None:
    elsewhere(world)
    world.kops.listed = (Change("delete", "autoscaling-group", "control-plane-a.masters.x"),)

    error = world.refused(UpdateCluster(C))

    assert "has its machines already (control-plane-a.masters.x)" in error.message


def test_what_a_first_update_makes_before_the_keys_is_none(world: World) -> None:
    elsewhere(world)
    world.kops.listed = (Change("delete", "vpc", "x"), Change("delete", "volume", "a.etcd-main.x"))

    assert world.run(UpdateCluster(C))["update cluster"] == "applied: 2 to create"


def test_etcd_backups_are_evidence_that_the_cluster_lived(world: World) -> None:
    world.lose_all_but("config", "backups")
    world.kops.changes = [CA]

    assert "its etcd was running" in world.refused(UpdateCluster(C)).message


def test_a_first_update_that_was_killed_makes_the_rest_of_its_keys(world: World) -> None:
    """kops writes its version and the completed definition at the same time as the first keys."""
    world.lose_all_but("config", "instancegroup", "kops-version.txt", "pki/private/service-account")
    first = Change("create", "AutoscalingGroup", "control-plane-a.masters.x")
    world.kops.changes = [CA, first]

    assert world.run(UpdateCluster(C))["update cluster"] == "applied: 2 to create"
    assert world.kops.changed == ["update"]


def test_a_feature_that_is_switched_on_gets_its_keys_and_they_are_named(world: World) -> None:
    world.snapshot()
    world.kops.changes = [NEW]

    words = world.run(UpdateCluster(C))["update cluster"]

    assert words == "applied: 1 to create; made for the first time: etcd-clients-ca-cilium"


def test_a_new_identity_is_made_where_the_cluster_is_named_and_said_aloud(world: World) -> None:
    world.lose(CA_KEY)
    world.kops.changes = [CA]
    world.new_identity = C

    words = world.run(UpdateCluster(C))

    assert words["check identity"].startswith("NEW IDENTITY")
    assert words["update cluster"].endswith("NEW IDENTITY, as asked for: kubernetes-ca")


def test_a_new_identity_of_another_cluster_is_refused(world: World) -> None:
    world.lose(CA_KEY)
    world.new_identity = "other.example.com"

    with pytest.raises(NotApproved) as caught:
        world.run(UpdateCluster(C))

    assert "--new-identity names" in caught.value.message
    assert world.kops.changed == []


def test_snapshots_of_a_deleted_cluster_of_that_name_do_not_bind_the_next_one(
    world: World,
) -> None:
    world.snapshot()
    session = world.session()
    state, kept = session.settings.state_store or "", session.snapshot_store
    epoch.check(kept, C, state)
    epoch.vacate(kept, C, state)
    world.lose_all_but("config", "instancegroup")
    world.kops.changes = [CA]

    assert world.run(UpdateCluster(C))["update cluster"] == "applied: 1 to create"
    epoch.check(kept, C, state)  # the new cluster's first change, killed in between
    assert world.run(UpdateCluster(C))["update cluster"] == "applied: 1 to create"


def test_snapshots_of_the_next_cluster_of_that_name_bind_it(world: World) -> None:
    session = world.session()
    state = session.settings.state_store or ""
    world.env["KLED_SNAPSHOT_STORE"] = (world.root / "snapshots").as_uri()
    kept = world.session().snapshot_store
    epoch.check(kept, C, state)
    epoch.vacate(kept, C, state)
    epoch.check(kept, C, state)
    taken_after = world.snapshot()
    world.lose_all_but("config", "instancegroup")
    world.kops.changes = [CA]

    assert taken_after in str(world.refused(UpdateCluster(C)).hint)


def test_keys_that_are_kept_elsewhere_are_not_called_missing(world: World) -> None:
    world.lose(CA_KEY)
    config_text = fleets.objects(1)["config"] + b"  \n"
    world.put(
        "config",
        config_text.replace(b"spec: {", f"spec: {{configBase: {world.root}/else/where, ".encode()),
    )

    words = world.run(UpdateCluster(C))["check identity"]
    assert words == f"spec.configBase is elsewhere, at {world.root}/else/where"

    world.kops.changes = [CA]
    world.kops.changed.clear()
    assert f"spec.configBase names {world.root}/else/where: mend it first" in str(
        world.refused(UpdateCluster(C)).hint
    )


@pytest.mark.parametrize(("name", "old"), [("service-account", "master"), ("kubernetes-ca", "ca")])
def test_a_keyset_that_was_renamed_to_its_former_name_is_not_called_lost(
    world: World, name: str, old: str
) -> None:
    """K4: kops would go on with the very key (`FindKeyset`), and kled said it would make one."""
    good = world.snapshot()
    key, former = f"pki/private/{name}/keyset.yaml", f"pki/private/{old}/keyset.yaml"
    world.put(former, (world.root / "state" / C / key).read_bytes())
    world.lose(key)

    error = world.refused(UpdateCluster(C))

    assert "anew" not in error.message
    assert f"applied with {name}, which somebody renamed to its former name" in error.message
    assert f"/{C}/{former} to file://" in str(error.hint)
    assert f"--snapshot={good} --class=identity --yes" in str(error.hint)
    assert former in str(identity_check.words(world.session(), C))
    # the preview said nothing, and named the command that was refused: kops modifies the keyset
    world.kops.changes = [Change("modify", "Keypair", name, {"Issuer": "x"})]
    assert former in preview_update(world.session(), UpdateCluster(C)).refused
