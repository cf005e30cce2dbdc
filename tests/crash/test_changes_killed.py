"""Every change that is killed anywhere, and run again, ends as an undisturbed one."""

import os
from dataclasses import dataclass
from typing import Any, Final

import pytest

from kled.sandbox import faults
from tests.crash.worlds import NAME, World, make_world

NODES = "--instance-group=nodes-us-east-1a"
LARGER = ("edit", "instancegroup", "nodes-us-east-1a", "--set=spec.machineType=t3.large")
NEWER = ("upgrade", "cluster", "--kubernetes-version=1.36.1", "--yes")
APPLY = ("update", "cluster", "--yes")
ROLL = ("rolling-update", "cluster", "--cloudonly", "--yes")
SPOT = ("create", "instancegroup", "spot", "--subnet=us-east-1a", "--edit=false")
KEYS = ("create", "keypair", "all")
PROMOTE = ("promote", "keypair", "all")
ROLLED_FIRST = {"promote-keypairs", "distrust-keypairs"}
"""Refused while machines lack what an interrupted run has changed already."""
LONG = {"scale-up", "scale-down"}
SECRET = ("create", "secret", "dockerconfig", "--filename=BOX/dockerconfig")


@dataclass(frozen=True)
class Change:
    """A command, what is done by kops before it, and what a run says that comes too late."""

    name: str
    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    done_already: str = ""


CHANGES: Final = (
    Change("update-cluster", ("update-cluster", "--yes"), (LARGER, SPOT)),
    Change("update-and-roll", ("update-cluster", "--yes", "--roll"), (LARGER, SPOT)),
    Change("rolling-update", ("rolling-update", "--yes"), (LARGER, APPLY)),
    Change("reconcile-cluster", ("reconcile-cluster", "--yes"), (NEWER, LARGER)),
    Change("upgrade-cluster", ("upgrade-cluster", "--kubernetes-version=1.36.1", "--yes")),
    Change("delete-cluster", ("delete-cluster", "--yes"), (), "there is no cluster"),
    Change("edit-instance-group", ("edit-instance-group", NODES, "--set=spec.maxSize=7")),
    Change("scale-instance-group", ("scale-instance-group", NODES, "--size=4")),
    Change("scale-up", ("scale-instance-group", NODES, "--size=3", "--yes")),
    Change("scale-down", ("scale-instance-group", NODES, "--size=1", "--yes")),
    Change(
        "create-instance-group",
        ("create-instance-group", "--instance-group=spot", "--subnet=us-east-1a"),
    ),
    Change(
        "delete-instance-group",
        ("delete-instance-group", "--instance-group=spot", "--no-drain", "--yes"),
        (SPOT, APPLY),
        "has no instance group",
    ),
    Change(
        "create-secret",
        ("create-secret", "dockerconfig", "--file=dockerconfig"),
        (),
        "secret already",
    ),
    Change(
        "delete-secret",
        ("delete-secret", "--secret=dockerconfig", "--yes"),
        (SECRET,),
        "has no secret",
    ),
    Change("create-keypairs", ("rotate-keypairs", "--phase=create", "--yes")),
    Change(
        "promote-keypairs", ("rotate-keypairs", "--phase=promote", "--yes"), (KEYS, APPLY, ROLL)
    ),
    Change(
        "distrust-keypairs",
        ("rotate-keypairs", "--phase=distrust", "--yes"),
        (KEYS, APPLY, ROLL, PROMOTE, APPLY, ROLL),
    ),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = make_world(tmp_path_factory.mktemp("world") / "box")
    (world.box.directory / "dockerconfig").write_text('{"auths": {}}')
    return world


@pytest.fixture(params=CHANGES, ids=lambda change: change.name)
def change(request: pytest.FixtureRequest, world: World) -> Change:
    """A change, at the moment before it."""
    found: Change = request.param
    world.put_back("healthy")
    for args in found.before:
        world.kops(*args)
    world.remember(found.name)
    return found


def run(world: World, change: Change) -> Any:
    return world.box.kled("kops", change.command[0], f"--name={NAME}", *change.command[1:])


def points(change: Change, calls: list[str]) -> list[int]:
    """Return after which calls it is killed: all, or of long changes those that changed something.

    KLED_TEST_EVERY_CALL=1 takes all of those, too.
    """
    if change.name not in LONG or os.environ.get("KLED_TEST_EVERY_CALL"):
        return list(range(1, len(calls) + 1))
    acts = ("edit ", "export ")
    return [
        number
        for number, call in enumerate(calls, 1)
        if "--yes=true" in call or call.startswith(acts) or number == len(calls)
    ]


def undisturbed(world: World, change: Change) -> tuple[dict[str, Any], list[str]]:
    world.kill_after(0)
    done = run(world, change)
    assert done.returncode == 0, done.stderr
    return world.outcome(), world.box.calls()


def check_rerun(world: World, change: Change, expected: dict[str, Any], when: str) -> None:
    world.kill_after(0)
    again = run(world, change)
    late = change.done_already
    assert again.returncode == 0 or (late and late in again.stderr), f"{when}: {again.stderr}"
    assert world.outcome() == expected, when


@pytest.mark.slow
def test_a_change_killed_after_any_kops_call_ends_like_an_undisturbed_one(
    world: World, change: Change
) -> None:
    expected, calls = undisturbed(world, change)

    for call in points(change, calls):
        world.put_back(change.name)
        world.kill_after(call)
        killed = run(world, change)
        assert killed.returncode == -9, killed.stderr
        check_rerun(world, change, expected, f"killed after call {call} of {len(calls)}")


@pytest.mark.slow
def test_a_change_whose_kops_dies_while_it_writes_is_ended_by_the_next_run(
    world: World, change: Change
) -> None:
    expected, _ = undisturbed(world, change)

    for writes in (1, 2):
        world.put_back(change.name)
        faults.inject(world.box.directory, "die-after", writes=writes)
        died = run(world, change)
        faults.clear(world.box.directory)
        assert died.returncode in {0, 1}, died.stderr
        if change.name in ROLLED_FIRST and died.returncode:
            check_refused_until_rolled(world, change)
            continue
        check_rerun(world, change, expected, f"kops died after write {writes}")


def check_refused_until_rolled(world: World, change: Change) -> None:
    """A phase that stopped between two keysets goes on when the machines have the first ones."""
    refused = run(world, change)
    assert refused.returncode == 6, refused.stderr
    assert "hint: kled kops update-cluster" in refused.stderr
    world.kops(*APPLY)
    world.kops(*ROLL)

    again = run(world, change)

    assert again.returncode == 0, again.stderr
    assert len({repr(one) for one in keysets(world.outcome())}) == 1


def keysets(outcome: dict[str, Any]) -> list[object]:
    return [one for key, one in outcome["store"].items() if key.endswith("keyset.yaml")]
