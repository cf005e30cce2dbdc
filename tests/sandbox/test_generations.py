"""The simulated kops counts changes as kops does (Update in pkg/client/simple/vfsclientset)."""

from typing import Any

import pytest

from kled.sandbox.definition.definitions import next_generation


def cluster(size: int, **metadata: object) -> dict[str, Any]:
    return {"kind": "Cluster", "metadata": {"name": "c", **metadata}, "spec": {"size": size}}


@pytest.mark.parametrize(
    ("old", "new", "stored"),
    [
        (cluster(1), cluster(2), cluster(2, generation=1)),
        (cluster(1, generation=2), cluster(2, generation=1), cluster(2, generation=3)),
        (cluster(1, generation=2), cluster(2), cluster(2, generation=3)),
        (cluster(1, generation=2), cluster(1), cluster(1)),  # what a text says is stored
        (cluster(1, creationTimestamp="x"), cluster(2), cluster(2, generation=1)),
    ],
)
def test_a_change_of_the_spec_raises_the_generation_of_what_was_stored(
    old: dict[str, Any], new: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert next_generation(old, new) == stored
