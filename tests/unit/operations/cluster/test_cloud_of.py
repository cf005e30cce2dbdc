"""Which cloud a run is marked with. Fault 57."""

from pathlib import Path

import pytest

from kled.models.spec import ClusterSpec
from kled.operations.cluster.cloud_of import cloud_of
from kled.operations.cluster.create_cluster import CreateCluster
from kled.operations.health.validate_cluster import ValidateCluster
from tests.unit.operations.replayed import session, store

C = "c.example.com"


@pytest.mark.parametrize(
    ("text", "cloud"),
    [
        ("spec: {cloudProvider: gce}", "gce"),
        ("spec: {cloudProvider: {azure: {}}}", "azure"),
        ("spec: {}", ""),
        ("spec: [", ""),
        ("- odd", ""),
    ],
)
def test_the_cloud_is_what_is_stored(tmp_path: Path, text: str, cloud: str) -> None:
    store(tmp_path, f"{C}/config", text=text)

    assert cloud_of(ValidateCluster(C), session(tmp_path)) == cloud


def test_of_a_cluster_that_is_not_there_it_is_what_was_asked_for(tmp_path: Path) -> None:
    here = session(tmp_path)
    spec = ClusterSpec(name=C, zones=("europe-west1-b",), cloud="gce", project="p")

    assert cloud_of(CreateCluster(spec, tmp_path / "kubeconfig"), here) == "gce"
    assert cloud_of(ValidateCluster(C), here) == ""
