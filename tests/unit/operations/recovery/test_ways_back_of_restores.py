"""A way back of a restore leads somewhere, or says that there is none."""

import shlex

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import Report
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world

__all__ = ["world"]

CA = "pki/private/kubernetes-ca/keyset.yaml"


def lose(world: World, *keys: str) -> None:
    for key in keys:
        (world.root / "state" / CLUSTER / key).unlink()


def way_back(report: Report) -> str:
    return next(row.way_back for row in report.rows if row.step == "restore state")


@pytest.mark.parametrize("lost", [CA, "secrets/admin", "instancegroup/nodes"])
def test_what_was_not_there_before_has_no_way_back(world: World, lost: str) -> None:
    """The snapshot before is of the loss: level 0, and nothing to write."""
    lose(world, lost)

    report = world.restore(RestoreState(world.wish))

    assert (
        way_back(report)
        == "none: nothing of what it wrote was there before, and the rest is as it was"
    )


@pytest.mark.parametrize("lost", [(), (CA,)])
def test_what_was_replaced_comes_back_by_the_command_that_is_told(
    world: World, lost: tuple[str, ...]
) -> None:
    path = world.root / "state" / CLUSTER / "config"
    path.write_bytes(before := path.read_bytes() + b"# changed\n")
    lose(world, *lost)

    told = way_back(world.restore(RestoreState(world.wish)))

    typed = dict(one.removeprefix("--").partition("=")[::2] for one in shlex.split(told)[3:])
    wish = Wish(CLUSTER, typed["snapshot"], untrusted="untrusted" in typed)
    assert wish.untrusted == bool(lost)
    world.restore(RestoreState(wish))
    assert path.read_bytes() == before
    if lost:
        with pytest.raises(SnapshotNotTrustworthy):
            world.restore(RestoreState(Wish(CLUSTER, typed["snapshot"])))
