"""A group's name with a dot may be that of another cluster's group in the cloud.

Kops finds what it makes by GROUP.CLUSTER alone.
"""

from pathlib import Path

import pytest

from kled.errors import NotApproved
from kled.operations.instance_group.create_delete import require_own_name
from tests.unit.operations.replayed import session, store

A, B = "a.example.com", "b.a.example.com"


@pytest.mark.parametrize("group", ["nodes-us-east-1a.b", "control-plane-us-east-1a.masters.b"])
def test_a_name_that_is_another_clusters_in_the_cloud_is_refused(
    tmp_path: Path, group: str
) -> None:
    store(tmp_path, f"{A}/config", f"{B}/config")

    with pytest.raises(NotApproved, match=f'of cluster "{B}"') as refused:
        require_own_name(session(tmp_path), A, group)

    assert refused.value.exit_code == 6
    assert "without a dot" in str(refused.value.hint)


@pytest.mark.parametrize("group", ["nodes", "nodes.c", "b", "nodes.xb"])
def test_other_names_are_its_own(tmp_path: Path, group: str) -> None:
    store(tmp_path, f"{A}/config", f"{B}/config")

    require_own_name(session(tmp_path), A, group)
