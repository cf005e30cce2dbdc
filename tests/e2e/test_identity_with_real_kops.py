"""A real kops makes no new keys for a cluster that had some, and takes nothing of a neighbour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.typed import Kled, one_line, typed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

A, AU, COPY = "known.example.org", "known.example.org.au", "copied.example.org"
CA = f"{A}/pki/private/kubernetes-ca/keyset.yaml"
OPTIONS = ("--zones=us-east-1a", "--node-count=1", "--dns=none")


@pytest.fixture(scope="module")
def kled(
    real_cloud: RealCloud, kled_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Kled:
    """Two clusters, applied, whose names begin alike; and a snapshot store."""
    snapshots: Path = tmp_path_factory.mktemp("snapshots")
    kled = typed(kled_env | {"KLED_SNAPSHOT_STORE": snapshots.as_uri()})
    for name in (A, AU):
        assert kled("create-cluster", f"--name={name}", *OPTIONS).returncode == 0
        applied = kled("update-cluster", f"--name={name}", "--yes")
        assert applied.returncode == 0, applied.stderr
    return kled


def keys(cloud: RealCloud, prefix: str) -> set[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=cloud.bucket, Prefix=prefix)
    return {one["Key"] for page in found for one in page.get("Contents", [])}


@pytest.mark.parametrize("more", ["", f"{A}/igconfig/", f"{A}/cluster-completed.spec"])
def test_a_lost_authority_is_not_made_anew(kled: Kled, real_cloud: RealCloud, more: str) -> None:
    """Fault 1: with its machines' configuration gone, too, the cloud itself is the evidence."""
    s3 = real_cloud.client("s3")
    lost = [CA, *(keys(real_cloud, more) if more else ())]
    bodies = {key: s3.get_object(Bucket=real_cloud.bucket, Key=key)["Body"].read() for key in lost}
    assert kled("update-cluster", f"--name={A}", "--yes").returncode == 0  # takes a snapshot
    for key in lost:
        s3.delete_object(Bucket=real_cloud.bucket, Key=key)

    shown = json.loads(kled("update-cluster", f"--name={A}", "--output=json").stdout)
    refused = kled("update-cluster", f"--name={A}", "--yes", "--no-snapshot")

    made = [one["name"] for one in shown["changes"] if one["kind"] == "Keypair"]
    assert made == ["kubernetes-ca"]
    assert "kubernetes-ca" in shown["refused"]
    assert refused.returncode == 6
    assert "kubernetes-ca" in one_line(refused)
    assert "--class=identity --yes" in refused.stderr
    assert CA not in keys(real_cloud, f"{A}/")
    for key, body in bodies.items():
        s3.put_object(Bucket=real_cloud.bucket, Key=key, Body=body)
    assert kled("update-cluster", f"--name={A}", "--yes").returncode == 0


def test_a_copied_definition_is_not_applied(kled: Kled, real_cloud: RealCloud) -> None:
    """Fault 2, case 04."""
    s3, named = real_cloud.client("s3"), f"--name={COPY}"
    assert kled("create-cluster", named, *OPTIONS).returncode == 0
    key = f"{COPY}/config"
    body = s3.get_object(Bucket=real_cloud.bucket, Key=key)["Body"].read()
    base = f"configBase: {real_cloud.state_store}/"
    moved = body.replace(f"{base}{COPY}".encode(), f"{base}{A}".encode())
    assert moved != body
    s3.put_object(Bucket=real_cloud.bucket, Key=key, Body=moved)
    before = keys(real_cloud, f"{A}/")

    updated = kled("update-cluster", named, "--yes")
    deleted = kled("delete-cluster", named, "--yes", "--no-snapshot", "--unregister")

    assert (updated.returncode, deleted.returncode) == (6, 6)
    assert f'cluster "{A}"' in one_line(updated)
    assert "mend spec.configBase first" in deleted.stderr
    assert keys(real_cloud, f"{A}/") == before
    s3.put_object(Bucket=real_cloud.bucket, Key=key, Body=body)
    assert kled("delete-cluster", named, "--yes", "--unregister").returncode == 0


def test_a_definition_that_moved_its_keys_makes_no_new_ones(
    kled: Kled, real_cloud: RealCloud
) -> None:
    """Fault 2, case 04: configBase leads where nobody lives."""
    s3, key = real_cloud.client("s3"), f"{A}/config"
    body = s3.get_object(Bucket=real_cloud.bucket, Key=key)["Body"].read()
    base = f"configBase: {real_cloud.state_store}/{A}".encode()
    s3.put_object(Bucket=real_cloud.bucket, Key=key, Body=body.replace(base, base + b"-moved"))

    refused = kled("update-cluster", f"--name={A}", "--yes", "--no-snapshot")

    assert refused.returncode == 6, refused.stderr
    assert "mend it first" in refused.stderr
    assert keys(real_cloud, f"{A}-moved/") == set()
    s3.put_object(Bucket=real_cloud.bucket, Key=key, Body=body)


def test_a_deletion_leaves_the_neighbours_queue(kled: Kled, real_cloud: RealCloud) -> None:
    """Fault 61; last, as it deletes."""
    queues = real_cloud.client("sqs").list_queues()["QueueUrls"]
    assert len(queues) == 2

    refused = kled("delete-cluster", f"--name={A}", "--yes")

    assert refused.returncode == 6
    assert AU in one_line(refused)
    assert real_cloud.client("sqs").list_queues()["QueueUrls"] == queues

    gone = kled("delete-cluster", f"--name={A}", "--yes", f"--with-resources-of={AU}")
    assert gone.returncode == 0, gone.stderr
    assert f"kled kops update-cluster --state={real_cloud.state_store} --name={AU} --yes" in (
        gone.stderr
    )
    assert kled("update-cluster", f"--name={AU}", "--yes").returncode == 0
    (left,) = real_cloud.client("sqs").list_queues()["QueueUrls"]
    assert "known-example-org-au" in left
