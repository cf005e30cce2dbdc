"""After a deletion that kled proved, its final snapshot needs no witness: there are no machines."""

import shutil
from pathlib import Path

import pytest

from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import run
from kled.snapshot.epoch import epoch
from tests.unit.operations.births import C, Desk
from tests.unit.operations.cluster.test_create_cluster import applied, snapshot


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A cluster that lives, with a snapshot."""
    desk = Desk(tmp_path)
    applied(desk)
    snapshot(desk)
    return desk


def restore(desk: Desk, which: str = "latest") -> str:
    restored = run(RestoreState(Wish(C, which)), desk.session()).result
    return "; ".join(restored.agreed.taken_out)


def final(desk: Desk) -> str | None:
    known = epoch.read(desk.session().snapshot_store, C)
    return known.final if known else None


def test_the_final_snapshot_of_a_proved_deletion_says_that_it_is_proved(desk: Desk) -> None:
    desk.run(DeleteCluster(C))
    kept = final(desk)

    told = restore(desk)

    assert f"snapshot {kept} is the final one" in told
    assert "proved that its deletion left no machine" in told
    assert "NOT PROVED" not in told


def test_an_earlier_snapshot_may_be_older_than_a_rotation(desk: Desk) -> None:
    first = snapshot(desk)
    desk.put({"secrets/kube": b'{"Data":"bmV3"}'})
    desk.run(DeleteCluster(C))
    assert final(desk) not in {None, first}

    assert "NOT PROVED" in restore(desk, first)


def test_a_cluster_that_a_deletion_found_gone_is_not_proved(desk: Desk) -> None:
    """Somebody emptied the state store, and the machines may run on."""
    shutil.rmtree(desk.root / "state" / C)
    desk.run(DeleteCluster(C))
    assert final(desk) is None

    assert "NOT PROVED" in restore(desk)


def test_what_lives_again_is_not_proved_by_its_former_deletion(desk: Desk) -> None:
    desk.run(DeleteCluster(C))
    kept = final(desk)
    assert kept is not None
    restore(desk)
    epoch.check(desk.session().snapshot_store, C, (desk.root / "state").as_uri())
    shutil.rmtree(desk.root / "state" / C)

    assert "NOT PROVED" in restore(desk, kept)
