"""No edit makes a machine another cluster's or another instance group's."""

from typing import Any

import pytest

from kled.errors import InvalidInput
from kled.kops.fields import own_labels
from kled.kops.fields.known_fields import Kind
from kled.sandbox.definition import refusals

GROUP = "kops.k8s.io/instancegroup"
FOREIGN = {
    "KubernetesCluster": "other",
    "Name": "nodes.other",
    "kubernetes.io/cluster/other.example.com": "owned",
    "k8s.io/role/master": "1",
    "k8s.io_role_master": "1",
    "k8s.io/etcd/main": "a/a",
    "kops.k8s.io/cluster": "other",
    "noprefix=kops.k8s.io/cluster": "other",
    GROUP: "other",
    f"k8s.io/cluster-autoscaler/node-template/label/{GROUP}": "other",
}
ON_NODES = ("spec.nodeLabels", "spec.kubelet.nodeLabels")


def stored(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "nodes"}, "spec": spec}


@pytest.mark.parametrize("kind", ["Cluster", "InstanceGroup"])
@pytest.mark.parametrize(("key", "value"), FOREIGN.items())
def test_a_label_of_kops_own_is_refused_in_every_spelling(kind: Kind, key: str, value: str) -> None:
    entry, bare = f"spec.cloudLabels.{key}", stored(cloudLabels={"team": "core"})
    for text in (f"spec.cloudLabels[{key}]={value}", f"spec.cloudLabels={key}={value}"):
        if "=" not in key:
            with pytest.raises(InvalidInput, match="by which kops finds"):
                own_labels.refuse_sets(kind, bare, [text])
    if "=" not in key:
        with pytest.raises(InvalidInput):
            own_labels.refuse_sets(kind, bare, [f"{entry}={value}"])
    with pytest.raises(InvalidInput, match="by which kops finds"):
        own_labels.refuse_changes(kind, bare, stored(cloudLabels={key: value}))


@pytest.mark.parametrize("path", ON_NODES)
def test_nodes_of_a_group_do_not_name_another(path: str) -> None:
    with pytest.raises(InvalidInput):
        own_labels.refuse_sets("InstanceGroup", stored(), [f"{path}.{GROUP}=other"])

    own_labels.refuse_sets("InstanceGroup", stored(), [f"{path}.{GROUP}=nodes"])  # which mends


def test_what_is_stored_already_and_labels_of_people_are_let_be() -> None:
    there = stored(cloudLabels={"KubernetesCluster": "other"}, nodeLabels={GROUP: "agents"})
    edited = stored(**there["spec"], maxSize=3)

    own_labels.refuse_changes("InstanceGroup", there, edited)
    own_labels.refuse_changes("InstanceGroup", there, stored())
    sets = ["spec.cloudLabels.team=core", "spec.nodeLabels.Name=x", "spec.maxSize=4", "no.field=x"]
    own_labels.refuse_sets(
        "InstanceGroup", there, [*sets, "spec.cloudLabels.KubernetesCluster=other"]
    )


def test_the_simulated_kops_refuses_the_labels_that_kops_refuses() -> None:
    """It took them, which is kinder than kops is (validateCloudLabels)."""
    told = {
        key: list(refusals.of_cloud_labels({key: one}, "nodes")) for key, one in FOREIGN.items()
    }

    reserved = '"KubernetesCluster" is a reserved label and cannot be used as a custom label'
    assert told["KubernetesCluster"] == [
        f"spec.cloudLabels.KubernetesCluster: Forbidden: {reserved}"
    ]
    assert told[GROUP] == [
        f'spec.cloudLabels.{GROUP}: Invalid value: "{GROUP}": value must match instance group name'
    ]
    assert [key for key in told if not told[key]] == [
        key
        for key in FOREIGN
        if key.startswith(("k8s.io_", "k8s.io/etcd", "noprefix", "k8s.io/cl"))
    ]
    assert not list(refusals.of_cloud_labels({GROUP: "nodes"}, "nodes"))
