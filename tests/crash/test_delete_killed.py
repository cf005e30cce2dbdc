"""A deletion that is killed anywhere, and run again, ends as an undisturbed one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kled.sandbox import faults
from tests.crash.worlds import NAME, World, make_world

pytestmark = pytest.mark.slow
ETCD = Path(__file__).parents[1] / "captures" / "etcd" / "etcd-3.6.gz"
HOURS = range(3)
WAYS = ((), ("--unregister",))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A healthy cluster with three etcd backups, and a snapshot store."""
    world = make_world(tmp_path_factory.mktemp("deleted") / "box")
    for hour in HOURS:
        place = f"{NAME}/backups/etcd/main/2026-11-24T{hour:02d}:00:00Z-{hour:06d}"
        backup = world.box.directory / "state" / place
        backup.mkdir(parents=True)
        (backup / "_etcd_backup.meta").write_text("{}")
        (backup / "etcd.backup.gz").write_bytes(ETCD.read_bytes())
    world.box.env["KLED_SNAPSHOT_STORE"] = snapshots(world).as_uri()
    world.remember("living")
    return world


def snapshots(world: World) -> Path:
    return world.box.directory / "snapshots"


def begin_anew(world: World) -> None:
    world.put_back("living")
    shutil.rmtree(snapshots(world))
    snapshots(world).mkdir()


def delete(world: World, *way: str) -> Any:
    return world.box.kled("kops", "delete-cluster", f"--name={NAME}", "--yes", *way)


def ended(world: World) -> dict[str, Any]:
    """Return what an operator would compare, and what is kept outside of the cluster."""
    place = snapshots(world) / "clusters" / NAME
    newest = max(place.rglob("manifest.json"))
    objects = json.loads(newest.read_text())["objects"]
    on_record = (world.box.directory / "state" / ".kled" / "deletions").glob("*")
    epoch = json.loads((place / "epoch.json").read_text())
    assert epoch["unregistered"] or epoch["past"] == newest.parent.name
    return world.outcome() | {
        "epoch": {
            name: epoch.get(name) for name in ("state_store", "number", "ends", "unregistered")
        },
        "kept": sorted(one["key"] for one in objects),
        "on record": list(on_record),
    }


def check_rerun(world: World, way: tuple[str, ...], expected: dict[str, Any], when: str) -> None:
    world.kill_after(0)
    again = delete(world, *way)
    late = "there is no cluster" in again.stderr
    assert again.returncode == 0 or late, f"{when}: {again.stderr}"
    assert ended(world) == expected, when


@pytest.mark.parametrize("way", WAYS)
def test_a_deletion_killed_after_any_kops_call_ends_like_an_undisturbed_one(
    world: World, way: tuple[str, ...]
) -> None:
    begin_anew(world)
    done = delete(world, *way)
    assert done.returncode == 0, done.stderr
    expected, calls = ended(world), len(world.box.calls())
    assert expected["store"] == {}
    lives_on = "--unregister" in way
    assert expected["epoch"]["unregistered"] == lives_on
    assert bool(expected["epoch"]["state_store"]) == lives_on
    assert expected["on record"] == []
    assert sum(key.endswith("etcd.backup.gz") for key in expected["kept"]) == len(HOURS)

    for call in range(1, calls + 1):
        begin_anew(world)
        world.kill_after(call)
        killed = delete(world, *way)
        assert killed.returncode == -9, killed.stderr
        check_rerun(world, way, expected, f"killed after call {call} of {calls}")


def test_a_deletion_whose_kops_dies_while_it_deletes_is_ended_by_the_next_run(
    world: World,
) -> None:
    begin_anew(world)
    assert delete(world).returncode == 0
    expected = ended(world)

    for writes in (1, 4, 9):
        begin_anew(world)
        faults.inject(world.box.directory, "die-after", writes=writes)
        died = delete(world)
        faults.clear(world.box.directory)
        assert died.returncode == 1, died.stderr
        check_rerun(world, (), expected, f"kops died after write {writes}")


def test_an_approval_of_a_deletion_outlives_a_kops_that_dies(world: World) -> None:
    begin_anew(world)
    shown = world.box.kled("kops", "delete-cluster", f"--name={NAME}", "--output=json")
    digest = f"--digest={json.loads(shown.stdout)['digest'][:12]}"
    faults.inject(world.box.directory, "die-after", writes=4)
    assert delete(world, digest).returncode == 1
    faults.clear(world.box.directory)

    other = delete(world, "--digest=0123456789ab")
    again = delete(world, digest)

    assert other.returncode == 6
    assert again.returncode == 0, again.stderr
    assert world.outcome()["store"] == {}


def test_a_cluster_deleted_by_a_killed_run_may_be_made_anew_in_another_store(
    world: World,
) -> None:
    begin_anew(world)
    done = delete(world)
    assert done.returncode == 0, done.stderr
    verbs = [call.split("--")[0].strip() for call in world.box.calls()]
    begin_anew(world)
    world.kill_after(len(verbs) - verbs[::-1].index("delete cluster") - 1)
    assert delete(world).returncode == -9
    assert world.outcome()["store"] == {}
    world.kill_after(0)
    (world.box.directory / "elsewhere").mkdir(exist_ok=True)

    made = world.box.kled(
        "kops",
        "create-cluster",
        f"--name={NAME}",
        f"--state={(world.box.directory / 'elsewhere').as_uri()}",
        "--zones=us-east-1a",
        "--cloud=aws",
    )

    assert made.returncode == 0, made.stderr
