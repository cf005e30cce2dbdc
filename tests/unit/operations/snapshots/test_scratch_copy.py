"""The copy that a kops reads for level 2 leads nowhere else (fault 76)."""

from __future__ import annotations

import pytest

from kled.operations.snapshots.kops_proof import with_home

HOME = "file:///scratch/state/c.example.com"
BASE = "s3://bucket/c.example.com"


@pytest.mark.parametrize(
    "spec",
    [
        f"{{configBase: {BASE}}}",
        f"{{configBase: {BASE}/, keyStore: {BASE}/pki}}",
        f"{{configStore: {{base: {BASE}, keypairs: {BASE}/pki}}}}",
    ],
)
def test_no_field_of_the_copy_names_the_living_store(spec: str) -> None:
    config = f"kind: Cluster\nspec: {spec}\n".encode()

    found = with_home({"config": config, "secrets/admin": b"kept"}, HOME)

    assert BASE.encode() not in found["config"]
    assert HOME.encode() in found["config"]
    assert found["secrets/admin"] == b"kept"


@pytest.mark.parametrize(
    "config", [b"", b"kind: Cluster", b"spec: {configBase: 7}", b"spec: 1", b"{"]
)
def test_a_definition_that_names_no_place_is_copied_as_it_is(config: bytes) -> None:
    assert with_home({"config": config}, HOME) == {"config": config}
