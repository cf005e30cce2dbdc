"""Which steps protect a cluster in a chain whose steps are not known beforehand."""

from pathlib import Path

from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.before_change import Protection
from kled.operations.step import Step
from tests.sites import session_at
from tests.unit.operations.test_every_operation import C, names


def test_each_step_that_may_make_keys_is_followed_by_their_snapshot(tmp_path: Path) -> None:
    protection = Protection(UpdateCluster(C), session_at(tmp_path))
    makes = Step("make keys", lambda _: "", makes_keys=True)

    chain = [names(protection.after(makes)), names(protection.after(makes))]

    assert chain == [["keep new keys"]] * 2
    assert names(protection.after(Step("roll", lambda _: ""))) == []


def test_where_only_looks_were_made_there_is_nothing_to_protect(tmp_path: Path) -> None:
    protection = Protection(DeleteCluster(C), session_at(tmp_path))

    assert names(protection.first()) == ["check epoch"]
    assert names(protection.before(Step("look", lambda _: "", reads=True))) == []
    assert names(protection.last()) == []
    assert all(step.guards for step in protection.first())
