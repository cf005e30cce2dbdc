"""A definition that takes Kubernetes back is not applied, however it came into the store.

Another member of fault 1: what a cluster's etcd holds is part of what it is.
"""

import pytest

from kled.errors import NotApproved
from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.step import Operation
from tests.unit.operations.identity.test_identity import C, World, world

__all__ = ["world"]

APPLYING = (UpdateCluster(C), ReconcileCluster(C))


def at(world: World, stored: str | None, applied: str | None) -> World:
    for key, version in (("config", stored), ("cluster-completed.spec", applied)):
        spec = f"{{kubernetesVersion: '{version}'}}" if version is not None else "{}"
        text = f"kind: Cluster\nmetadata: {{name: {C}}}\nspec: {spec}\n"
        world.put(key, text.encode())
    return world


@pytest.mark.parametrize("operation", APPLYING, ids=lambda one: one.name)
def test_a_minor_version_is_not_taken_back(world: World, operation: Operation) -> None:
    at(world, "1.35.5", "1.36.0")

    with pytest.raises(NotApproved, match=r"1\.36\.0, and its definition says 1\.35\.5") as refused:
        world.run(operation)

    assert world.kops.changed == []
    assert f"--name={C} --set=spec.kubernetesVersion=1.36.0" in str(refused.value.hint)


def test_its_preview_says_so(world: World) -> None:
    session = at(world, "v1.35.5", "1.36.0").session()

    plan = preview_update(session, UpdateCluster(C))

    assert "a downgrade, which Kubernetes does not support" in plan.refused


@pytest.mark.parametrize(
    ("stored", "applied"),
    [
        ("1.36.0", "1.35.5"),  # an upgrade
        ("1.35.5", "1.35.9"),  # a patch that went wrong
        ("1.36", "1.36.2"),  # as kops reads it: of that minor version
        ("1.36.0", None),
        (None, "1.36.0"),  # kops chooses
        ("latest", "1.36.0"),  # kops says what is wrong with it
    ],
)
def test_all_else_goes_on(world: World, stored: str | None, applied: str | None) -> None:
    at(world, stored, applied)

    assert world.run(UpdateCluster(C))["update cluster"].startswith("applied")
