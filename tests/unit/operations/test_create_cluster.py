"""What creating a cluster leaves, takes back, and will not touch."""

from pathlib import Path

import pytest

from kled.errors import ClusterDiffers, ClusterExists, DefinitionRejected, Throttled
from kled.models.spec import ClusterSpec
from kled.operations.create_cluster import StoreCluster
from kled.operations.runner import run
from tests.unit.operations.births import SPEC, C, Desk, Kops, definition

OTHER = ClusterSpec(name=C, zones=("us-east-1b",))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def way_back(desk: Desk, spec: ClusterSpec = SPEC) -> str:
    rows = run(StoreCluster(spec), desk.session()).rows
    return next(row.way_back for row in rows if row.step == "store definition")


def test_what_this_run_stored_is_unregistered_again(desk: Desk) -> None:
    assert way_back(desk) == f"kled kops delete-cluster --name={C} --unregister --yes"


def test_a_cluster_that_was_there_before_has_no_way_back_that_unregisters_it(desk: Desk) -> None:
    desk.kops.store(definition())

    assert way_back(desk) == ""


def test_nor_has_one_that_an_earlier_run_had_stored_half(desk: Desk) -> None:
    desk.kops.store(definition())
    next((desk.root / "state" / C / "instancegroup").iterdir()).unlink()

    assert way_back(desk) == ""
    assert desk.called == ["replace"]


def test_a_living_cluster_with_other_options_is_refused_with_no_way_back(desk: Desk) -> None:
    desk.kops.store(definition(OTHER))

    with pytest.raises(ClusterDiffers) as caught:
        desk.run(StoreCluster(SPEC))

    assert "nothing was changed" in desk.told(caught.value)
    assert "taken back" not in desk.told(caught.value)
    assert "unregister" not in desk.told(caught.value)


def test_a_second_attempt_knows_that_the_first_one_stored_it(desk: Desk) -> None:
    desk.fails.append(Throttled("slow down"))

    assert "--unregister" in way_back(desk)
    assert desk.called == ["create"]


def test_what_kops_refused_is_gone_again_and_has_no_way_back(desk: Desk) -> None:
    desk.fails.append(DefinitionRejected("no such image"))

    with pytest.raises(DefinitionRejected) as caught:
        desk.run(StoreCluster(SPEC))

    assert desk.called == ["create", "unregister"]
    assert "taken back" not in desk.told(caught.value)


def test_what_somebody_else_stored_at_the_same_moment_is_not_unregistered(
    desk: Desk,
) -> None:
    class Raced(Kops):
        def create_cluster(self, spec: ClusterSpec) -> None:
            self.store(definition(OTHER))
            super().create_cluster(spec)

    raced = Raced(desk.kops.scratch, desk.kops.state_store, called=desk.called)

    with pytest.raises(ClusterExists) as caught:
        run(StoreCluster(SPEC), desk.session(raced))

    assert desk.called == []
    assert raced.find_definition(C) == definition(OTHER)
    assert "taken back" not in desk.told(caught.value)
