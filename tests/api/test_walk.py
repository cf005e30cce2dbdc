"""Every method once, on one cluster in a sandbox, from its creation to its deletion."""

from datetime import timedelta
from pathlib import Path

import pytest

from kled.api import (
    ClusterDiffers,
    ClusterNotFound,
    ClusterSpec,
    DefinitionRejected,
    InvalidInput,
    Kled,
    KledError,
    NotApproved,
    NotYetApplied,
    Overrides,
    Pace,
    RestoreOptions,
    Roll,
)
from tests.api.worlds import GROUP, C, kled_of, stored_cluster

pytestmark = pytest.mark.slow
WAIT = timedelta(minutes=5)
SPEC = ClusterSpec(name=C, zones=("us-east-1a",), node_count=2)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walk")


@pytest.fixture(scope="module")
def kled(directory: Path) -> Kled:
    """An applied cluster of one worker."""
    kled = kled_of(stored_cluster(directory))
    with pytest.raises(NotYetApplied):
        kled.health.validate(C)
    report = kled.clusters.update(C, wait=WAIT)
    assert [row.outcome for row in report.rows] == ["done"] * len(report.rows)
    return kled


def test_what_is_there_is_listed(kled: Kled) -> None:
    assert [one.name for one in kled.clusters.list()] == [C]
    assert kled.clusters.definition(C).name == C
    assert {one.role for one in kled.instance_groups.list(C)} == {"control-plane", "node"}
    assert len(kled.clusters.instances(C)) == 2
    assert kled.clusters.dump(C)["resources"]
    assert any(one.primary for one in kled.keypairs.list(C))
    assert kled.secrets.list(C)
    assert [one.state for one in kled.health.validate_all(patience=timedelta(0))] == ["ok"]
    assert kled.health.validate(C).ready
    assert kled.health.wait(C, WAIT).ready
    with pytest.raises(InvalidInput, match="leaves out all"):
        kled.health.validate_all(skip=[C])
    assert ("validation", "ok") in {(one.look, one.state) for one in kled.health.check(C)}
    assert {one.look for one in kled.health.check(validates=False)} >= {"certificates", "snapshots"}
    with pytest.raises(ClusterNotFound):
        kled.health.check("another.example.com")


def test_a_definition_is_previewed_and_stored_once(kled: Kled) -> None:
    other = ClusterSpec(name="d.example.com", zones=("us-east-1a",))

    assert kled.clusters.preview_definition(other).name == "d.example.com"
    assert "d.example.com" not in {one.name for one in kled.clusters.list()}
    kled.clusters.store(other)
    assert kled.clusters.plan_update("d.example.com").count("create")
    answers = {one.cluster: one.state for one in kled.clusters.pending_everywhere()}
    assert answers["d.example.com"] == "waiting"
    with pytest.raises(ClusterDiffers):
        kled.clusters.store(ClusterSpec(name="d.example.com", zones=("us-east-1b",)))
    planned = kled.clusters.plan_deletion("d.example.com", unregister=True)
    kled.clusters.delete("d.example.com", unregister=True, digest=planned.digest)


def test_a_cluster_is_created_whole(kled: Kled, directory: Path) -> None:
    spec = ClusterSpec(name="e.example.com", zones=("us-east-1a",))
    file = directory / "kubeconfig"

    kled.clusters.create(spec, kubeconfig=file, wait=WAIT)

    assert file.stat().st_mode & 0o777 == 0o600
    kled.kubeconfigs.export(C, file)
    assert C in file.read_text()
    assert kled.clusters.plan_deletion("e.example.com").count("delete")
    kled.clusters.delete("e.example.com")
    assert [one.name for one in kled.clusters.list()] == [C]


def test_a_definition_is_edited_applied_and_rolled(kled: Kled) -> None:
    kled.clusters.edit(C, sets=["spec.sshAccess=10.0.0.0/8"])
    with pytest.raises(InvalidInput):
        kled.clusters.edit(C, sets=["spec.nothingOfIt=1"])
    kled.instance_groups.edit(C, "nodes", sets=["spec.machineType=t3.large"])
    pending = kled.clusters.pending(C)
    assert pending
    kled.clusters.update(C, digest=pending.plan.digest)

    roll = Roll(instance_groups=("nodes",), cloudonly=True)
    planned = kled.clusters.plan_roll(C, roll, pace=Pace(canary="nodes"))
    assert sum(row.need_update for row in kled.clusters.preview_roll(C, roll).rows) == 1
    assert [change.name for change in planned.changes] == [GROUP]
    with pytest.raises(NotApproved):
        kled.clusters.roll(C, roll, digest="0" * 64)
    kled.clusters.roll(C, roll, digest=planned.digest)

    assert kled.clusters.plan_roll(C, roll).is_empty
    reconciling = kled.clusters.plan_reconciling(C)
    assert reconciling.is_empty
    kled.clusters.reconcile(C, digest=reconciling.digest)


def test_texts_are_stored_as_they_are_or_not_at_all(kled: Kled) -> None:
    from kled.yaml_text import to_text

    definition = kled.clusters.definition(C)
    group = next(one for one in definition.groups if one["metadata"]["name"] == GROUP)  # type: ignore[index]  # its shape is kops'

    assert kled.clusters.replace(C, to_text((definition.cluster,))).rows
    assert kled.instance_groups.replace(C, "nodes", to_text((group,))).rows
    with pytest.raises(KledError):
        kled.clusters.replace(C, "no: cluster")


def test_groups_come_scale_and_go(kled: Kled) -> None:
    groups = kled.instance_groups
    groups.create(C, "spot", subnets=["us-east-1a"])
    kled.clusters.update(C, wait=WAIT)

    planned = groups.plan_scaling(C, "spot", size=3)
    groups.scale(C, "spot", size=3, digest=planned.digest)

    assert sum(one.instance_group.startswith("spot") for one in kled.clusters.instances(C)) == 3
    assert groups.abandon_scaling(C).rows
    assert groups.plan_deletion(C, "spot").count("delete") == 1
    groups.scale(C, "spot", size=0)  # kops would end its machines with their pods
    groups.delete(C, "spot")
    with pytest.raises(DefinitionRejected):
        groups.delete(C, GROUP)


def test_keys_and_secrets_come_and_go(kled: Kled, directory: Path) -> None:
    file = directory / "docker.json"
    file.write_text('{"auths": {}}')

    kled.secrets.create(C, "dockerconfig", file)
    assert "dockerconfig" in {one.name for one in kled.secrets.list(C)}
    kled.secrets.create(C, "dockerconfig", file, replaces=True)
    assert kled.secrets.plan_deletion(C, "dockerconfig").count("delete") == 1
    kled.secrets.delete(C, "dockerconfig")
    with pytest.raises(InvalidInput, match="is none of"):
        kled.secrets.create(C, "token", file)  # type: ignore[arg-type]  # the test's point
    planned = kled.keypairs.plan_rotation(C, "create", keyset="service-account")
    assert [one.name for one in planned.changes] == ["service-account"]
    kled.keypairs.rotate(C, "create", keyset="service-account")
    assert kled.keypairs.plan_rotation(C, "create", keyset="service-account").is_empty


def test_versions_are_planned_and_stored(kled: Kled) -> None:
    planned = kled.clusters.plan_upgrade(C)
    report = kled.clusters.upgrade(C)

    assert planned.cluster == C
    assert report.rows[-1].outcome == "done"


def test_snapshots_are_kept_in_two_places(kled: Kled, directory: Path) -> None:
    kled.snapshots.create([C], etcd_backups=None, raises=False)
    (directory / "second").mkdir()

    copied = kled.snapshots.mirror((directory / "second").as_uri(), cluster=C)
    planned = kled.snapshots.plan_prune(C, keep={"last": 2})
    pruned = kled.snapshots.prune(C, keep={"last": 2})

    assert copied.copied
    assert {one.cluster for one in copied.copied} == {C}
    assert [one.id for one in planned.removed] == [one.id for one in pruned.removed]
    short = kled.snapshots.verify(C, level=4, raises=False)
    assert [one.cluster for one in short] == [C]


def test_a_cluster_moves_to_another_state_store(kled: Kled, directory: Path) -> None:
    """The old side refuses itself, and the way back is the same call there."""
    kled.snapshots.create([C], raises=False)
    (directory / "other").mkdir()
    there = (directory / "other").as_uri()

    options = RestoreOptions(to=there, rewrite_places=True)
    done = kled.snapshots.restore(C, "latest", options=options)
    other = Kled(environment=kled.environment, state_store=there)

    assert done.target == there
    assert done.created
    assert done.old_places == 0
    epoch = kled.epochs.read(C)
    assert epoch is not None
    assert epoch.state_store == kled.state_store
    assert isinstance(other.epochs.preview_raise(C), NotApproved)
    assert other.epochs.preview_raise(C, former=kled.state_store) is None
    other.epochs.raise_here(C, former=kled.state_store)
    with pytest.raises(KledError, match="lives in"):
        kled.instance_groups.edit(C, "nodes", maximum=5)
    kled.overriding(Overrides(no_epoch=True)).instance_groups.edit(C, "nodes", maximum=5)
