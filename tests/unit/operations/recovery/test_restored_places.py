"""Fault 25: a restored definition that names the old place is said, and rewritten where asked."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kled import yaml_text
from kled.errors import InvalidInput, NotApproved
from kled.operations.recovery import restore_state
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.restore_plan import RestorePlan
from tests.sites import CLOCK
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World

FIELDS = ["spec.configBase", "spec.etcdClusters[main].backups.backupStore"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A cluster whose definition says where it is, as kops writes it."""
    found = World(tmp_path)
    root = f"{tmp_path}/state/{CLUSTER}"
    backups = {"name": "main", "backups": {"backupStore": f"{root}/backups/etcd/main"}}
    spec: dict[str, Any] = {"kubernetesVersion": "1.35.5", "configBase": root, "flux": "089"}
    kind = {"apiVersion": "kops.k8s.io/v1alpha2", "kind": "Cluster", "metadata": {"name": CLUSTER}}
    document = {**kind, "spec": {**spec, "etcdClusters": [backups], "sshAccess": ["10.0.0.0/8"]}}
    (tmp_path / "state" / CLUSTER / "config").write_text(yaml_text.to_text([document]))
    private = tmp_path / "state" / CLUSTER / "pki" / "private"
    for keyset in ("etcd-manager-ca-main", "etcd-peers-ca-main"):
        shutil.copytree(private / "kubernetes-ca", private / keyset)
    (made,) = back_up(Stores(found.settings, CLOCK), [CLUSTER], progress=Quiet()).clusters
    found.wish = Wish(CLUSTER, made.snapshot or "", to=(tmp_path / "other").as_uri())
    return found


def planned(world: World, wish: Wish) -> RestorePlan:
    return restore_state.plan(Stores(world.settings, CLOCK), wish)


def definition(world: World, store: str) -> dict[str, Any]:
    text = (world.root / store / CLUSTER / "config").read_text()
    found: dict[str, Any] = yaml_text.document(text)
    return found


def test_a_preview_says_which_fields_name_the_old_place(world: World) -> None:
    plan = planned(world, world.wish)

    assert [one["field"] for one in plan.as_json()["old_places"]] == FIELDS  # type: ignore[attr-defined]
    assert plan.as_json()["rewritten"] is False
    told = list(plan.moving.remarks())
    assert told[0] == f"POINTS TO THE OLD PLACE: spec.configBase: {world.root}/state/{CLUSTER}"
    assert "--rewrite-places" in told[-1]
    assert json.dumps(plan.as_json())


def test_the_preview_shows_what_would_be_rewritten_and_its_digest_binds_it(world: World) -> None:
    rewriting = replace(world.wish, rewrite_places=True)
    plan, plain = planned(world, rewriting), planned(world, world.wish)

    assert plan.digest != plain.digest
    assert next(iter(plan.moving.remarks())) == (
        f"rewritten: spec.configBase: {world.root}/state/{CLUSTER} -> {world.root}/other/{CLUSTER}"
    )
    with pytest.raises(NotApproved, match="now, not"):
        world.restore(RestoreState(rewriting, digest=plain.digest[:12]))
    assert not (world.root / "other" / CLUSTER).exists()
    world.restore(RestoreState(rewriting, digest=plan.digest[:12]))


def test_what_is_written_names_the_new_place_and_is_else_what_it_was(world: World) -> None:
    before = definition(world, "state")

    world.restore(RestoreState(replace(world.wish, rewrite_places=True)))

    after = definition(world, "other")
    here = f"{world.root}/other/{CLUSTER}"
    assert after["spec"].pop("configBase") == here
    assert after["spec"]["etcdClusters"][0]["backups"].pop("backupStore") == (
        f"{here}/backups/etcd/main"
    )
    before["spec"].pop("configBase")
    before["spec"]["etcdClusters"][0]["backups"].pop("backupStore")
    assert after == before  # a text that looks like a number, and a field that kled does not know
    assert str(world.root / "state") not in (world.root / "other" / CLUSTER / "config").read_text()


def test_killed_halfway_it_is_run_again_and_a_second_run_writes_nothing(world: World) -> None:
    rewriting = replace(world.wish, rewrite_places=True)
    digest = planned(world, rewriting).digest
    world.restore(RestoreState(rewriting))
    for left in ("config", "secrets/admin"):  # the last that is written, and one of the first
        (world.root / "other" / CLUSTER / left).unlink()

    again = world.restore(RestoreState(rewriting)).result.done
    third = world.restore(RestoreState(rewriting, digest=digest[:12])).result.done

    assert again.created == 2
    assert (third.created, third.replaced) == (0, 0)
    assert definition(world, "other")["spec"]["configBase"].endswith(f"/other/{CLUSTER}")


def test_places_are_rewritten_afterwards_too_and_nothing_else_is_replaced(world: World) -> None:
    world.restore(RestoreState(world.wish))
    later = world.restore(RestoreState(replace(world.wish, rewrite_places=True))).result.done

    assert (later.created, later.replaced) == (0, 1)  # what is replaced is the snapshot's own
    path = world.root / "other" / CLUSTER / "config"
    path.write_text(path.read_text() + "# somebody else's\n")
    with pytest.raises(NotApproved, match="config would be replaced"):
        world.restore(RestoreState(replace(world.wish, rewrite_places=True)))


def test_in_its_own_place_there_is_nothing_to_rewrite(world: World) -> None:
    home = replace(world.wish, to=None, rewrite_places=True)

    plan = planned(world, home)

    assert (plan.moving.places, plan.moving.body, plan.is_empty) == ((), None, True)


def test_a_restore_without_a_definition_rewrites_none(world: World) -> None:
    keys = replace(world.wish, classes=("identity",))

    assert planned(world, keys).moving.places == ()
    with pytest.raises(InvalidInput, match="no definition is restored"):
        planned(world, replace(keys, rewrite_places=True))


def test_another_kind_of_store_is_refused_before_anything_is_written(world: World) -> None:
    elsewhere = replace(world.wish, to="memory://second", rewrite_places=True)

    with pytest.raises(InvalidInput, match="memory:// is another kind of store than file://"):
        planned(world, elsewhere)
    plan = planned(world, replace(elsewhere, rewrite_places=False))
    assert all(told.startswith("THE OLD PLACE STAYS in ") for told in plan.moving.remarks())


def test_a_damaged_definition_is_restored_as_it_was_and_rewritten_by_nobody(world: World) -> None:
    config = world.root / "state" / CLUSTER / "config"
    config.write_bytes(b"spec: [")
    (made,) = back_up(Stores(world.settings, CLOCK), [CLUSTER], progress=Quiet()).clusters
    wish = replace(world.wish, snapshot=made.snapshot or "")

    assert planned(world, wish).moving.places == ()
    with pytest.raises(InvalidInput, match="the definition cannot be read"):
        planned(world, replace(wish, rewrite_places=True))
