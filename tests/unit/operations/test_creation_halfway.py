"""What a creation that goes no further leaves behind, and what keeps it from beginning."""

from pathlib import Path

import pytest

from kled.errors import InvalidInput
from kled.models.rolling import Roll
from kled.operations.create_cluster import CreateCluster
from kled.operations.guard import FIRST, steps_of
from kled.operations.other_identity import ANEW
from kled.operations.overrides import Overrides
from kled.operations.step import Operation
from kled.operations.update_cluster import UpdateCluster
from tests.unit.operations.births import SPEC, C, Desk

TARGET = Path("kubeconfig")


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
    with pytest.raises(InvalidInput, match="is no regular file"):  # fault 22
        desk.run(CreateCluster(SPEC, desk.root))

    assert desk.called == []
    assert desk.keys() == set()
