"""A group's bounds are checked the same in options by name, in paths and in texts."""

from typing import Any

import pytest

from kled.errors import InvalidInput
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
)
from kled.operations.instance_group.edited_group import to_yaml
from tests.unit.operations.guards.test_control_plane import C, Kops, do, group


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        ({"minSize": -1}, "spec.minSize: -1 is below zero"),
        ({"minSize": -2, "maxSize": -1}, "spec.minSize: -2 is below zero"),
        ({"maxSize": -1}, "spec.maxSize: -1 is below zero"),
        ({"minSize": 5}, "the least number, 5, is above the greatest, 3"),
        ({"maxSize": 1}, "the least number, 2, is above the greatest, 1"),
        ({"minSize": None, "maxSize": 1}, "the least number, 2, is above the greatest, 1"),
    ],
)
def test_bounds_that_no_group_can_have_are_refused(
    sizes: dict[str, int | None], problem: str
) -> None:
    kops = Kops([group("nodes", "Node", minSize=2, maxSize=3)])
    sets = tuple(f"spec.{name}={size}" for name, size in sizes.items() if size is not None)
    unsets = tuple(f"spec.{name}" for name, size in sizes.items() if size is None)
    spec = {"minSize": 2, "maxSize": 3, **sizes}
    text = to_yaml(group("nodes", "Node", **{k: v for k, v in spec.items() if v is not None}))
    ways: list[Any] = [EditInstanceGroup(C, "nodes", sets, unsets)]

    for way in (*ways, StoreInstanceGroup(C, "nodes", text)):
        with pytest.raises(InvalidInput, match=problem):
            do(kops, way)

    assert kops.changed == []


def test_other_edits_of_a_group_with_odd_bounds_go_on() -> None:
    kops = Kops([group("nodes", "Node", minSize=-1, maxSize=3)])

    do(kops, EditInstanceGroup(C, "nodes", ("spec.rootVolumeSize=60",)))
    do(kops, EditInstanceGroup(C, "nodes", ("spec.minSize=0",)))

    assert kops.changed == ["edit", "edit"]
