"""The rig itself: a real kops, driven by hand, lives a cluster's whole life in the rig's cloud."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.cloud import RealCloud
    from tests.e2e.kubernetes_objects import Faults

pytestmark = pytest.mark.kops

CLUSTER = "demo.k8s.local"
LIMIT_SECONDS = 240


class Kops(Protocol):
    """Runs kops and returns what it did."""

    def __call__(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="module")
def kops(real_kops: Path, real_cloud: RealCloud) -> Kops:
    def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [real_kops, *args],
            env=real_cloud.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )

    return run


@pytest.fixture(scope="module")
def cluster(kops: Kops) -> str:
    """A cluster of one control-plane node and two workers that has been applied."""
    for args in (
        ("create", "cluster", "--name", CLUSTER, "--zones", "us-east-1a", "--node-count=2"),
        ("update", "cluster", "--name", CLUSTER, "--yes"),
    ):
        done = kops(*args)
        assert done.returncode == 0, done.stderr
    return CLUSTER


@pytest.fixture
def faults(real_cloud: RealCloud, cluster: str) -> Iterator[Faults]:
    """The cluster's faults, mended after the test."""
    broken = real_cloud.api.cluster(cluster).faults
    yield broken
    for names in (broken.missing, broken.not_ready, broken.pending, broken.missing_pods):
        names.clear()
    broken.unreachable = False


def test_the_binary_is_a_real_kops(kops: Kops) -> None:
    seen = kops("version")

    assert "Client version: 1.36.2" in seen.stdout
    assert "simulated" not in seen.stdout + seen.stderr


def test_a_cluster_lives_from_create_to_delete(kops: Kops, real_cloud: RealCloud) -> None:
    name = "life.example.com"
    named = ("--name", name)
    zone = ("--zones", "us-east-1b")

    created = kops("create", "cluster", *named, *zone, "--node-count=3", "--dns=none")
    applied = kops("update", "cluster", *named, "--yes")
    preview = kops("update", "cluster", *named)
    validated = kops("validate", "cluster", *named)
    deleted = kops("delete", "cluster", *named, "--yes")
    left = kops("get", "cluster", name)

    assert "Must specify --yes to apply changes" in created.stdout, created.stderr
    assert applied.returncode == 0, applied.stderr
    assert preview.stdout == "No changes need to be applied\n", preview.stderr
    assert f"Your cluster {name} is ready" in validated.stdout, validated.stderr
    assert f'Deleted cluster: "{name}"' in deleted.stdout, deleted.stderr
    assert left.returncode == 1
    assert f'cluster not found "{name}"' in left.stderr
    assert _resources_of(real_cloud, name) == []


def _resources_of(cloud: RealCloud, name: str) -> list[str]:
    """What a deletion should have left nothing of: objects, subnets and running instances."""
    ours = [{"Name": "tag:KubernetesCluster", "Values": [name]}]
    running = [*ours, {"Name": "instance-state-name", "Values": ["pending", "running"]}]
    objects = cloud.client("s3").list_objects_v2(Bucket=cloud.bucket, Prefix=f"{name}/")
    subnets = cloud.client("ec2").describe_subnets(Filters=ours)["Subnets"]
    instances = cloud.client("ec2").describe_instances(Filters=running)["Reservations"]
    return [str(each) for each in (*objects.get("Contents", []), *subnets, *instances)]


def test_a_healthy_cluster_validates_through_its_load_balancer(kops: Kops, cluster: str) -> None:
    seen = kops("validate", "cluster", "--name", cluster, "-o", "json")

    assert seen.returncode == 0, seen.stderr
    nodes = json.loads(seen.stdout)["nodes"]
    assert sorted(node["role"] for node in nodes) == ["control-plane", "node", "node"]


def test_a_healthy_cluster_validates_at_a_plain_address(
    kops: Kops, cluster: str, real_cloud: RealCloud
) -> None:
    address = real_cloud.api_server.url(cluster)

    seen = kops("validate", "cluster", "--name", cluster, "--api-server", address)

    assert f"Your cluster {cluster} is ready" in seen.stdout, seen.stderr


def _worker(cloud: RealCloud) -> str:
    nodes = cloud.api.cluster(CLUSTER).nodes()
    names = [n["metadata"]["name"] for n in nodes if "nodes" in str(n["metadata"]["labels"])]
    return str(names[0])


def _never_joins(faults: Faults, worker: str) -> tuple[str, str]:
    faults.missing.add(worker)
    return "Machine", f'machine "{worker}" has not yet joined cluster'


def _is_not_ready(faults: Faults, worker: str) -> tuple[str, str]:
    faults.not_ready.add(worker)
    return "Node", f'node "{worker}" of role "node" is not ready'


def _has_a_pending_pod(faults: Faults, worker: str) -> tuple[str, str]:
    faults.pending.add("coredns-0-0")
    return "Pod", 'system-cluster-critical pod "coredns-0-0" is pending'


@pytest.mark.parametrize("break_it", [_never_joins, _is_not_ready, _has_a_pending_pod])
def test_each_fault_is_the_only_failure_that_kops_reports(
    kops: Kops,
    cluster: str,
    real_cloud: RealCloud,
    faults: Faults,
    break_it: Callable[[Faults, str], tuple[str, str]],
) -> None:
    expected = break_it(faults, _worker(real_cloud))

    seen = kops("validate", "cluster", "--name", cluster, "-o", "json")

    assert seen.returncode == 1
    assert "Error: validation failed: cluster not yet healthy" in seen.stderr
    assert [(f["type"], f["message"]) for f in json.loads(seen.stdout)["failures"]] == [expected]


def test_an_unreachable_cluster_is_an_error_without_a_document(
    kops: Kops, cluster: str, faults: Faults
) -> None:
    faults.unreachable = True

    seen = kops("validate", "cluster", "--name", cluster, "-o", "json")

    assert seen.returncode == 1
    assert seen.stdout == ""
    assert "unexpected error during validation: error listing nodes" in seen.stderr


def test_only_an_admin_kubeconfig_is_let_in(
    kops: Kops, cluster: str, real_cloud: RealCloud
) -> None:
    admin, bare = str(real_cloud.home / "admin"), str(real_cloud.home / "bare")
    validate = ("validate", "cluster", "--name", cluster, "--use-kubeconfig")

    exported = kops("export", "kubeconfig", "--name", cluster, "--admin", KUBECONFIG=admin)
    kops("export", "kubeconfig", "--name", cluster, KUBECONFIG=bare)

    assert exported.returncode == 0, exported.stderr
    assert kops(*validate, KUBECONFIG=admin).returncode == 0
    refused = kops(*validate, KUBECONFIG=bare)
    assert refused.returncode == 1
    assert "Unauthorized" in refused.stderr


def test_an_edited_group_is_rolled_node_by_node(
    kops: Kops, cluster: str, real_cloud: RealCloud
) -> None:
    named = ("--name", cluster)
    quick = ("--node-interval=1s", "--post-drain-delay=1s", "--validate-count=1")
    kops("edit", "ig", "nodes-us-east-1a", *named, "--set", "spec.machineType=t3.large")
    kops("update", "cluster", *named, "--yes")

    needed = kops("rolling-update", "cluster", *named)
    rolled = kops("rolling-update", "cluster", *named, "--yes", *quick)
    after = kops("rolling-update", "cluster", *named)

    assert _columns(needed.stdout)["nodes-us-east-1a"][:3] == ["NeedsUpdate", "2", "0"]
    assert rolled.returncode == 0, rolled.stderr
    assert "evicting pod kube-system/coredns-" in rolled.stdout
    assert _columns(after.stdout)["nodes-us-east-1a"][:3] == ["Ready", "0", "2"]
    assert "No rolling-update required." in after.stdout
    assert _machine_types(real_cloud, "nodes-us-east-1a") == {"t3.large"}


def _columns(table: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in table.splitlines() if line}


def _machine_types(cloud: RealCloud, group: str) -> set[str]:
    filters: list[Any] = [
        {"Name": "tag:kops.k8s.io/instancegroup", "Values": [group]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = cloud.client("ec2").describe_instances(Filters=filters)["Reservations"]
    return {i["InstanceType"] for reservation in found for i in reservation["Instances"]}


def test_the_stored_definition_is_the_one_that_kops_prints(
    kops: Kops, cluster: str, real_cloud: RealCloud
) -> None:
    stored = real_cloud.client("s3").get_object(Bucket=real_cloud.bucket, Key=f"{cluster}/config")

    printed = kops("get", "cluster", cluster, "-o", "yaml")

    assert yaml.safe_load(printed.stdout) == yaml.safe_load(stored["Body"].read())


def test_kops_asked_for_no_address_that_the_rig_does_not_have(
    cluster: str, real_cloud: RealCloud
) -> None:
    elsewhere = [h for h in real_cloud.internet.refused if not h.endswith(".elb.amazonaws.com")]

    assert elsewhere == []
