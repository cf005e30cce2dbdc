"""What a creation that goes no further leaves behind, and what keeps it from beginning."""

from pathlib import Path

import pytest

from kled.errors import ClusterDiffers, DefinitionRejected, InvalidInput
from kled.kops.failures.classify import classify
from kled.models.rolling import Roll
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster, StoreCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.before_change import FIRST, steps_of
from kled.operations.guards.overrides import Overrides
from kled.operations.identity.begun_anew import ANEW
from kled.operations.step import Operation
from tests.unit.kops.replay import capture
from tests.unit.operations.births import CA_KEY, SPEC, C, Desk, definition

TARGET = Path("kubeconfig")
OTHER = ClusterSpec(name=C, zones=("us-east-1b",))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, snapshots=True, overrides=Overrides(new_identity=C))


@pytest.mark.parametrize("operation", [CreateCluster(SPEC, TARGET), UpdateCluster(C, roll=Roll())])
def test_new_keys_are_in_a_snapshot_before_anything_else_can_fail(
    desk: Desk, operation: Operation
) -> None:  # fault 22: an update that makes a cluster's keys anew, and rolls, does, too
    names = [step.name for step in steps_of(operation, desk.session())]

    after = names[names.index("update cluster") + 1 :]
    assert after[:2] == [ANEW, FIRST]
    assert after[-1] in {"export kubeconfig", "rolling update"}


def test_a_kubeconfig_that_cannot_be_written_is_told_before_anything_is_made(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="is not a regular file"):  # fault 22
        desk.run(CreateCluster(SPEC, desk.root))

    assert desk.called == []
    assert desk.keys() == set()


def test_a_zone_that_is_not_delegated_leaves_no_definition_that_the_hint_runs_into(
    desk: Desk,
) -> None:  # fault 68
    seen = capture("S14-public-create")
    desk.fails.append(classify("create cluster", seen.returncode, seen.stdout, seen.stderr))

    with pytest.raises(DefinitionRejected) as caught:
        desk.run(StoreCluster(SPEC))

    assert "the definition that kops had stored is unregistered again" in caught.value.message
    assert "--dns=none" in str(caught.value.hint)
    assert desk.run(StoreCluster(OTHER))["store definition"] == "stored"


def test_another_definition_that_was_never_applied_names_the_way_to_begin_anew(desk: Desk) -> None:
    desk.kops.definition.store(definition())  # fault 68

    with pytest.raises(ClusterDiffers) as caught:
        desk.run(StoreCluster(OTHER))
    assert f"kled kops delete-cluster --name={C} --unregister" in str(caught.value.hint)

    desk.put({CA_KEY: b"key"})
    with pytest.raises(ClusterDiffers) as caught:
        desk.run(StoreCluster(OTHER))
    assert "unregister" not in str(caught.value.hint)
