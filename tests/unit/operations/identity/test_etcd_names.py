"""An applied cluster keeps the names of its etcd clusters and members. K4."""

from typing import Any

import pytest
import yaml

from kled.errors import IdentityAtRisk
from kled.kops.facts import etcd_members
from kled.kops.state_store import contents
from kled.models.plan import Change
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.identity import etcd_names
from kled.snapshot.choosing import choose
from kled.snapshot.repository import SnapshotRef
from tests import key_pairs
from tests.unit.operations.identity.test_identity import C, World, world
from tests.unit.snapshot import fleets

__all__ = ["world"]

ETCDS = [
    {"name": "main", "etcdMembers": [{"name": "a", "instanceGroup": "plane"}]},
    {"name": "events", "etcdMembers": [{"name": "a", "instanceGroup": "plane"}]},
]


def definition(etcds: list[Any]) -> dict[str, Any]:
    head = {"apiVersion": "kops.k8s.io/v1alpha2", "kind": "Cluster", "metadata": {"name": C}}
    return {**head, "spec": {"etcdClusters": etcds}}


def renamed(etcd: str, *members: str) -> list[Any]:
    return [{"name": etcd, "etcdMembers": [{"name": one} for one in members]}, ETCDS[1]]


def put(world: World, key: str, etcds: list[Any]) -> None:
    world.put(key, yaml.safe_dump(definition(etcds)).encode())


@pytest.fixture
def applied(world: World) -> World:
    put(world, "cluster-completed.spec", ETCDS)
    put(world, "config", ETCDS)
    plane = fleets.group("role: Master").replace(b"name: nodes", b"name: plane")
    world.put("instancegroup/plane", plane)
    for etcd in ("main", "events"):
        for keyset in (f"etcd-manager-ca-{etcd}", f"etcd-peers-ca-{etcd}"):
            world.put(f"pki/private/{keyset}/keyset.yaml", key_pairs.keyset(("1", keyset)))
    return world


LOSING = {
    "spec.etcdClusters[*].etcdMembers[0].name=z": "member a of etcd cluster events",
    "spec.etcdClusters[0].etcdMembers[0].name=z": "member a of etcd cluster main",
    "spec.etcdClusters[0].name=mainx": "etcd cluster main",
    "cluster.spec.etcdClusters[1]/name=mainx": "etcd cluster events",
    "spec.etcdClusters=x": "etcd cluster main",
    "spec.etcdClusters[0].etcdMembers=x": "etcd cluster main",
}
KEEPING = (
    "spec.etcdClusters[*].version=3.6.6",
    "spec.etcdClusters[0].name=main",
    "spec.etcdClusters[0].etcdMembers[1].name=b",
    "spec.etcdClusters[0].etcdMembers[0].encryptedVolume=true",
    "spec.kubernetesApiAccess=10.0.0.0/8",
)


@pytest.mark.parametrize("text", LOSING)
def test_a_name_that_goes_by_set_is_refused(applied: World, text: str) -> None:
    with pytest.raises(IdentityAtRisk) as refused:
        etcd_names.require_sets(applied.session(), definition(ETCDS), (text,), ())

    assert LOSING[text] in refused.value.message
    assert refused.value.exit_code == 6
    assert "main: a" in str(refused.value.hint)


@pytest.mark.parametrize("text", KEEPING)
def test_what_keeps_the_names_is_stored(applied: World, text: str) -> None:
    etcd_names.require_sets(applied.session(), definition(ETCDS), (text,), ())


@pytest.mark.parametrize(
    "path", ["spec.etcdClusters", "spec.etcdClusters[1]", "spec.etcdClusters[0].etcdMembers[0]"]
)
def test_what_is_unset_takes_its_name_along(applied: World, path: str) -> None:
    with pytest.raises(IdentityAtRisk):
        etcd_names.require_sets(applied.session(), definition(ETCDS), (), (path,))


@pytest.mark.parametrize(
    "etcds", [[], ETCDS[:1], renamed("mainx", "a"), renamed("main", "z"), renamed("main")]
)
def test_an_edited_text_that_loses_a_name_is_refused(applied: World, etcds: list[Any]) -> None:
    with pytest.raises(IdentityAtRisk):
        etcd_names.require_edited(applied.session(), definition(ETCDS), definition(etcds))


@pytest.mark.parametrize("etcds", [ETCDS, [*ETCDS, {"name": "cilium"}], renamed("main", *"abc")])
def test_members_and_etcd_clusters_may_be_added(applied: World, etcds: list[Any]) -> None:
    etcd_names.require_edited(applied.session(), definition(ETCDS), definition(etcds))


def test_a_definition_that_was_never_applied_may_be_named_as_one_likes(world: World) -> None:
    world.lose_all_but("config", "instancegroup/")
    put(world, "config", ETCDS)

    sets = ("spec.etcdClusters[0].name=mainx",)
    etcd_names.require_sets(world.session(), definition(ETCDS), sets, ())


def test_an_update_and_its_preview_are_refused_where_a_bare_kops_stored_another_name(
    applied: World,
) -> None:
    put(applied, "config", renamed("mainx", "a"))

    error = applied.refused(UpdateCluster(C))

    assert "etcd cluster main" in error.message
    with pytest.raises(IdentityAtRisk, match="etcd cluster main"):
        preview_update(applied.session(), UpdateCluster(C))


def test_the_name_may_be_put_back_step_by_step(applied: World) -> None:
    wrong = [{**one, "name": f"{one['name']}x"} for one in ETCDS]
    put(applied, "config", wrong)

    sets = ("spec.etcdClusters[0].name=main",)
    etcd_names.require_sets(applied.session(), definition(wrong), sets, ())


def test_what_has_no_form_has_no_names() -> None:
    for spec in (None, {"etcdClusters": 1}, {"etcdClusters": [1, {"etcdMembers": {}}]}):
        assert not etcd_members.lost(etcd_members.names({"spec": spec}), {"": frozenset()})


MEMBER = "spec.etcdClusters[0].etcdMembers[0].name=a"


def member(named: str) -> list[Any]:
    """The etcd clusters where the member of `main` has another name."""
    return renamed("main", named)


def test_a_bare_rename_of_a_member_is_refused_with_the_very_fields_and_their_old_values(
    applied: World,
) -> None:
    """K4: the hint named `spec.etcdClusters[INDEX].name=NAME`, which is another field."""
    put(applied, "config", member("z"))

    error = applied.refused(UpdateCluster(C))

    assert "member a of etcd cluster main" in error.message
    named = f"kled kops edit-cluster --name={C}"
    assert str(error.hint).endswith(f"{named} --set='{MEMBER}'")


def test_an_etcd_cluster_is_named_again_without_kops(applied: World) -> None:
    """kops itself refuses the edit: `EtcdClusters cannot be removed`."""
    put(applied, "config", renamed("mainx", "a"))

    by_hand = str(applied.refused(UpdateCluster(C)).hint)
    put(applied, "config", ETCDS)
    applied.snapshot()
    put(applied, "config", renamed("mainx", "a"))
    by_snapshot = str(applied.refused(UpdateCluster(C)).hint)

    assert (
        f"write spec.etcdClusters[0].name=main into file://{applied.root}/state/{C}/config"
        in by_hand
    )
    restore = f"kled snapshot restore --name={C} --snapshot=latest --class=intent --yes"
    assert by_snapshot.endswith(f"put it back: {restore}")


HINTS = {
    "a member": (member("z"), ["spec.etcdClusters[0].etcdMembers[0].name=a"]),
    "an etcd cluster": (renamed("mainx", "a"), ["spec.etcdClusters[0].name=main"]),
    "both": (
        renamed("mainx", "z"),
        ["spec.etcdClusters[0].name=main", "spec.etcdClusters[0].etcdMembers[0].name=a"],
    ),
    "a member that is not the first": (
        [ETCDS[0], {"name": "events", "etcdMembers": [{"name": "b"}, {"name": "z"}]}],
        ["spec.etcdClusters[1].etcdMembers[0].name=a"],
    ),
    "in another order": (
        [ETCDS[1], {"name": "main", "etcdMembers": [{"name": "z"}]}],
        ["spec.etcdClusters[1].etcdMembers[0].name=a"],
    ),
    "taken out": (ETCDS[:1], []),
}


@pytest.mark.parametrize("case", HINTS)
def test_what_is_to_be_set_gives_the_applied_names_again(case: str) -> None:
    etcds, sets = HINTS[case]
    wrong = definition(etcds)

    assert list(etcd_members.renaming(wrong, definition(ETCDS))) == sets
    after = etcd_members.names_after(wrong, sets, ())
    lost = etcd_members.lost(etcd_members.names(definition(ETCDS)), after)
    assert not lost or case == "taken out"


def test_the_named_command_is_taken(applied: World) -> None:
    wrong = definition(renamed("mainx", "z"))
    put(applied, "config", renamed("mainx", "z"))

    sets = etcd_members.renaming(wrong, definition(ETCDS))

    etcd_names.require_sets(applied.session(), wrong, sets, ())


@pytest.mark.parametrize("body", [None, b"kind: [", b"- not a mapping\n"])
def test_the_stored_definition_is_no_witness_of_what_was_applied(
    applied: World, body: bytes | None
) -> None:
    """H5: where the applied definition is gone or damaged, a snapshot tells its names."""
    applied.snapshot()
    put(applied, "config", member("z"))
    if body is None:
        applied.lose("cluster-completed.spec")
    else:
        applied.put("cluster-completed.spec", body)

    error = applied.refused(UpdateCluster(C))

    assert "member a of etcd cluster main" in error.message
    assert "spec.etcdClusters[0].etcdMembers[0].name=a" in str(error.hint)
    with pytest.raises(IdentityAtRisk, match="member a of etcd cluster main"):
        preview_update(applied.session(), UpdateCluster(C))
    etcd_names.require_sets(
        applied.session(),
        definition(member("z")),
        ("spec.etcdClusters[0].etcdMembers[0].name=a",),
        (),
    )


def test_the_definition_of_a_snapshot_that_never_had_the_applied_one_tells(applied: World) -> None:
    applied.lose("cluster-completed.spec")
    applied.snapshot()
    put(applied, "config", member("z"))

    assert "member a of etcd cluster main" in applied.refused(UpdateCluster(C)).message


VOLUME = Change("create", "EBSVolume", f"z.etcd-main.{C}")


def test_new_volumes_of_an_etcd_that_ran_are_refused_where_nothing_tells_its_names(
    applied: World,
) -> None:
    """H5, without any snapshot: the plan itself says that the objects would be left behind."""
    applied.lose("cluster-completed.spec")
    put(applied, "config", member("z"))
    applied.kops.changes = [VOLUME]

    error = applied.refused(UpdateCluster(C))

    assert f"new volumes for etcd: EBSVolume/z.etcd-main.{C}" in error.message
    assert f"--new-identity={C}" in str(error.hint)
    assert VOLUME.name in preview_update(applied.session(), UpdateCluster(C)).refused
    applied.new_identity = C
    applied.run(UpdateCluster(C))
    assert applied.kops.changed == ["update"]


def test_a_first_update_that_was_killed_makes_its_volumes(applied: World) -> None:
    """Keysets may be there before the volumes; etcd left nothing."""
    applied.lose_all_but("config", "instancegroup/", "pki/", "secrets/")
    applied.kops.changes = [VOLUME]

    applied.run(UpdateCluster(C))

    assert applied.kops.changed == ["update"]


def test_a_member_that_is_added_gets_its_volume(applied: World) -> None:
    put(applied, "config", renamed("main", "a", "z"))
    applied.kops.changes = [VOLUME]

    applied.run(UpdateCluster(C))

    assert applied.kops.changed == ["update"]


@pytest.mark.parametrize("lost", ["cluster-completed.spec", ""])
@pytest.mark.parametrize("etcds", [member("z"), ETCDS[:1], renamed("mainx", "a")])
def test_a_snapshot_of_a_definition_that_lost_a_name_is_not_the_newest_trusted(
    applied: World, lost: str, etcds: list[Any]
) -> None:
    """K4: level 1 took it, and `latest` restored it."""
    good = applied.snapshot()
    if lost:
        applied.lose(lost)
    put(applied, "config", etcds)

    bad = applied.snapshot()

    assert bad != good
    manifest = applied.session().snapshot_store.manifest(SnapshotRef(C, bad))
    assert manifest.level == 0
    assert any("which kops applied" in one for one in manifest.findings)
    assert choose(applied.session().snapshot_store, C, "latest").id == good


def test_an_applied_definition_that_is_gone_alone_is_no_loss(applied: World) -> None:
    applied.snapshot()
    applied.lose("cluster-completed.spec")

    kept = applied.snapshot()

    assert choose(applied.session().snapshot_store, C, "latest").id == kept


BASE = "s3://store/c"


def with_backups(place: str = "backups/etcd/main", base: str = BASE) -> dict[str, Any]:
    etcds = [{**ETCDS[0], "backups": {"backupStore": f"{base}/{place}"}}, ETCDS[1]]
    found = definition(etcds)
    return {**found, "spec": {**found["spec"], "configBase": base}}


@pytest.fixture
def backed_up(applied: World) -> World:
    applied.put("cluster-completed.spec", yaml.safe_dump(with_backups()).encode())
    applied.put("config", yaml.safe_dump(with_backups()).encode())
    return applied


def test_backups_that_were_moved_within_the_clusters_own_part_are_refused(
    backed_up: World,
) -> None:
    """Another member: there etcd-manager finds no marker, and begins an empty cluster."""
    with pytest.raises(IdentityAtRisk) as caught:
        etcd_names.require_sets(
            backed_up.session(),
            with_backups(),
            (f"spec.etcdClusters[0].backups.backupStore={BASE}/backups/etcd/mainx",),
            (),
        )
    backed_up.put("config", yaml.safe_dump(with_backups("backups/etcd/mainx")).encode())
    with pytest.raises(IdentityAtRisk) as refused:
        etcd_names.require_stored(backed_up.session(), C)

    both = "of etcd cluster main at backups/etcd/mainx, and kops applied backups/etcd/main"
    assert both in caught.value.message
    assert both in refused.value.message
    back = f"spec.etcdClusters[0].backups.backupStore={BASE}/backups/etcd/main"
    assert str(refused.value.hint).endswith(f"--set='{back}'")
    etcd_names.require_sets(backed_up.session(), with_backups("backups/etcd/mainx"), (back,), ())
    files = {
        "config": yaml.safe_dump(with_backups("backups/etcd/mainx")).encode(),
        "cluster-completed.spec": yaml.safe_dump(with_backups()).encode(),
    }
    assert [one for one in contents.findings(files) if f"config keeps the backups {both}" in one]


UNMOVED = {
    "as applied": with_backups(),
    "not named": {**definition(ETCDS), "spec": {"etcdClusters": ETCDS, "configBase": BASE}},
    "the whole cluster is elsewhere": with_backups(base="s3://another/c"),
    "outside, which another check tells": {
        **with_backups(),
        "spec": {**with_backups()["spec"], "configBase": "s3://another/c"},
    },
}


@pytest.mark.parametrize("case", UNMOVED)
def test_backups_that_are_where_they_were_are_no_loss(backed_up: World, case: str) -> None:
    backed_up.put("config", yaml.safe_dump(UNMOVED[case]).encode())

    etcd_names.require_stored(backed_up.session(), C)
