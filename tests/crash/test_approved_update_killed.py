"""An approval counts until its plan is applied, however often kled dies in between."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kled.sandbox import faults
from tests.crash.test_changes_killed import LARGER, SPOT
from tests.crash.worlds import NAME, World, make_world

pytestmark = pytest.mark.slow
OTHER = ("edit", "instancegroup", "nodes-us-east-1a", "--set=spec.maxSize=9")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A cluster with a plan: other machines, and a new group."""
    world = make_world(tmp_path_factory.mktemp("approved") / "box")
    world.kops(*LARGER)
    world.kops(*SPOT)
    world.remember("planned")
    return world


def update(world: World, *more: str) -> Any:
    return world.box.kled("kops", "update-cluster", f"--name={NAME}", *more)


def approve(world: World) -> str:
    shown = update(world, "--output=json")
    digest = str(json.loads(shown.stdout)["digest"])
    assert f"--yes --digest={digest[:12]}" in shown.stderr
    return digest[:12]


def remembered(world: World) -> list[Path]:
    return list((world.box.directory / "state" / ".kled" / "updates").glob("*"))


def test_an_approved_update_killed_anywhere_needs_no_second_approval(world: World) -> None:
    world.put_back("planned")
    digest = approve(world)
    world.kill_after(0)
    done = update(world, "--yes", f"--digest={digest}")
    assert done.returncode == 0, done.stderr
    expected, calls = world.outcome(), len(world.box.calls())

    for call in range(1, calls + 1):
        world.put_back("planned")
        world.kill_after(call)
        assert update(world, "--yes", f"--digest={digest}").returncode == -9
        world.kill_after(0)

        again = update(world, "--yes", f"--digest={digest}")

        assert again.returncode == 0, f"killed after call {call}: {again.stderr}"
        assert world.outcome() == expected
        assert remembered(world) == []


def test_an_approved_update_whose_kops_dies_halfway_goes_on_with_its_approval(
    world: World,
) -> None:
    world.put_back("planned")
    digest = approve(world)
    for writes in (1, 2, 3):
        world.put_back("planned")
        faults.inject(world.box.directory, "die-after", writes=writes)
        died = update(world, "--yes", f"--digest={digest}")
        faults.clear(world.box.directory)

        again = update(world, "--yes", f"--digest={digest}")

        assert again.returncode == 0, f"kops died after write {writes}: {again.stderr}"
        assert died.returncode == 0 or "the rest of the plan" in again.stdout
        assert remembered(world) == []


def test_a_plan_that_changed_after_its_approval_is_refused_and_shown(world: World) -> None:
    world.put_back("planned")
    digest = approve(world)
    world.kops(*OTHER)
    before = world.outcome()

    refused = update(world, "--yes", f"--digest={digest}")

    assert refused.returncode == 6
    assert re.search(r"the plan is \w{12} now, not " + digest, refused.stderr)
    assert "modify AutoscalingGroup/nodes-us-east-1a" in refused.stderr
    assert world.outcome() == before
