"""A real kops takes the names that `-o yaml` shows, through kled (fault 66), and keeps its versions
within what it serves (fault 65)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.typed import Kled, one_line, typed

if TYPE_CHECKING:
    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops
C = "fields-3.example.net"
NAMED = f"--name={C}"
GROUP = "--instance-group=nodes-us-east-1d"
OWN = {"kops.k8s.io/instancegroup": "nodes-us-east-1d"}
SPOT = "node-role.kubernetes.io/spot-worker"
CREATE = ("create-cluster", NAMED, "--zones=us-east-1d", "--node-count=1", "--dns=none")
SETS = {
    "spec.kubernetesApiAccess=10.0.0.0/8": ("kubernetesApiAccess", ["10.0.0.0/8"]),
    "spec.sshAccess=10.1.0.0/16": ("sshAccess", ["10.1.0.0/16"]),
    "spec.api.loadBalancer.crossZoneLoadBalancing=true": ("api", None),
    "spec.etcdClusters[0].etcdMembers[0].volumeIops=4000": ("etcdClusters", None),
    "spec.etcdClusters[*].manager.logLevel=4": ("etcdClusters", None),
    "spec.networking.cilium.disableMasquerade=false": ("networking", None),
    "spec.cloudLabels.team/a.b=Y": ("cloudLabels", {"team/a.b": "Y"}),
    "spec.masterKubelet.maxPods=90": ("masterKubelet", None),
    "spec.kubeAPIServer.oidcGroupsClaim=a,b": ("kubeAPIServer", {"oidcGroupsClaim": "a,b"}),
    "spec.topology.dns.type=None": ("topology", {"dns": {"type": "None"}}),
    "spec.nodeTerminationHandler.enabled=false": ("nodeTerminationHandler", None),
}  # fmt: skip
"""What is set, and the field of the stored spec that shows it; None: looked at below."""


@pytest.fixture(scope="module")
def kled(kled_env: dict[str, str]) -> Kled:
    return typed(kled_env)


@pytest.fixture(scope="module")
def cluster(kled: Kled, real_cloud: RealCloud) -> str:
    real_cloud.client("route53").create_hosted_zone(Name="example.net", CallerReference="fields")
    done = kled(*CREATE)
    assert done.returncode == 0, done.stderr
    return C


def spec(kled: Kled) -> dict[str, Any]:
    """Return the stored spec of the nodes' group as kops prints it."""
    shown = json.loads(kled("get-clusters", NAMED, "--output=json").stdout)
    found = [one for one in shown["groups"] if one["metadata"]["name"] == "nodes-us-east-1d"]
    stored: dict[str, Any] = found[0]["spec"]
    return stored


def test_a_cluster_s_fields_are_set_by_the_names_under_which_they_are_stored(
    kled: Kled, real_cloud: RealCloud
) -> None:
    planned = kled(*CREATE, *(f"--set={one}" for one in SETS), "--dry-run", "--output=json")

    assert planned.returncode == 0, planned.stderr
    stored = json.loads(planned.stdout)["cluster"]["spec"]
    for field, value in SETS.values():
        if isinstance(value, list):  # kops adds to a list
            assert stored[field][-len(value) :] == value, (field, stored[field])
        else:
            assert value is None or stored[field] == value, (field, stored[field])
    assert stored["api"]["loadBalancer"]["crossZoneLoadBalancing"] is True
    assert stored["etcdClusters"][0]["etcdMembers"][0]["volumeIops"] == 4000
    assert [etcd["manager"]["logLevel"] for etcd in stored["etcdClusters"]] == [4, 4]
    assert stored["networking"]["cilium"]["disableMasquerade"] is False
    assert stored["masterKubelet"]["maxPods"] == 90
    assert stored["nodeTerminationHandler"]["enabled"] is False


def test_a_group_s_fields_are_set_and_unset_by_those_names(kled: Kled, cluster: str) -> None:
    edit = ("edit-instance-group", NAMED, GROUP)
    sets = (
        "spec.rootVolumeSize=60",
        "spec.rootVolumeType=gp2",
        "spec.machineType=t3.large",
        "spec.minSize=0",
        f"spec.nodeLabels.{SPOT}=true",
        "spec.nodeLabels.team=a,b",
        "spec.cloudLabels[kops.io/x]=089012345678",
        "spec.hooks[0].name=h.service",
        "spec.hooks[0].manifest=Type=oneshot",
        "spec.hooks[0].disabled=true",
    )

    done = kled(*edit, *(f"--set={one}" for one in sets))

    assert done.returncode == 0, done.stderr
    stored = spec(kled)
    assert (stored["rootVolumeSize"], stored["rootVolumeType"]) == (60, "gp2")
    assert (stored["machineType"], stored["minSize"]) == ("t3.large", 0)
    assert stored["nodeLabels"] == OWN | {SPOT: "true", "team": "a,b"}
    assert stored["cloudLabels"] == {"kops.io/x": "089012345678"}
    hook = {"name": "h.service", "manifest": "Type=oneshot", "disabled": True}
    assert stored["hooks"] == [hook]

    unsets = ("spec.rootVolumeType", f"spec.nodeLabels.{SPOT}", "spec.kubelet.maxPods")
    done = kled(*edit, *(f"--unset={one}" for one in unsets))
    assert done.returncode == 0, done.stderr
    stored = spec(kled)
    assert stored["nodeLabels"] == OWN | {"team": "a,b"}
    assert stored["rootVolumeSize"] == 60
    assert "rootVolumeType" not in stored


def test_a_stored_cluster_is_edited_by_those_names(kled: Kled, cluster: str) -> None:
    edit = ("edit-cluster", NAMED)
    done = kled(
        *edit,
        "--set=spec.kubernetesApiAccess=10.0.0.0/8",
        "--set=spec.cloudLabels.team=Y",
        "--set=spec.cloudLabels.a/b.c=1e3",
        "--set=spec.masterKubelet.maxPods=90",
    )

    assert done.returncode == 0, done.stderr
    assert "spec.masterKubelet.maxPods: (none) -> 90" in done.stdout
    done = kled(*edit, "--unset=spec.cloudLabels.team", "--unset=spec.masterKubelet")
    assert done.returncode == 0, done.stderr
    shown = json.loads(kled("get-clusters", NAMED, "--output=json").stdout)
    stored = shown["cluster"]["spec"]
    assert stored["kubernetesApiAccess"][-1] == "10.0.0.0/8"
    assert stored["cloudLabels"] == {"a/b.c": "1e3"}
    assert "masterKubelet" not in stored
    assert stored["networking"] == {"cilium": {"enableNodePort": True}}
    refused = kled(*edit, "--set=spec.kubernetesVersion=1.39.0")
    assert refused.returncode == 1
    assert "newer than kops 1.36" in one_line(refused)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--set=spec.rootVolumeSiez=9",), "did you mean spec.rootVolumeSize?"),
        (("--set=spec.rootVolume.size=9",), "its name is spec.rootVolumeSize"),
        (("--unset=spec.rootVolume.size",), "its name is spec.rootVolumeSize"),
    ],
)
def test_other_names_are_refused_with_the_right_one(
    kled: Kled, cluster: str, words: tuple[str, ...], hint: str
) -> None:
    before = spec(kled)

    refused = kled("edit-instance-group", NAMED, GROUP, *words)

    assert refused.returncode == 2
    assert hint in refused.stderr
    assert one_line(refused)
    assert spec(kled) == before


@pytest.mark.parametrize(
    ("version", "status", "problem"),
    [
        ("foo", 2, "is not a version"),
        ("1.35.0", 1, "would be a downgrade"),
        ("1.39.0", 1, "newer than kops 1.36"),
    ],
)
def test_an_upgrade_to_what_cannot_be_is_refused_before_anything_is_stored(
    kled: Kled, cluster: str, version: str, status: int, problem: str
) -> None:  # fault 65
    for more in ((), ("--yes",)):
        done = kled("upgrade-cluster", NAMED, f"--kubernetes-version={version}", *more)

        assert done.returncode == status, done.stderr
        assert problem in one_line(done)
    shown = json.loads(kled("get-clusters", NAMED, "--output=json").stdout)
    assert shown["cluster"]["spec"]["kubernetesVersion"].startswith("1.36.")
