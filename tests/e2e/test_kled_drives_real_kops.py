"""kled, typed as an operator types it, drives a real kops through a cluster's whole life."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.e2e.typed import Kled, one_line, rows, typed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops

CLUSTER = "quarry.example.org"
NAMED = f"--name={CLUSTER}"
OPTIONS = ("--zones=us-east-1b,us-east-1c", "--node-count=3", "--dns=none")
GROUP = "nodes-us-east-1b"


@pytest.fixture(scope="module")
def kled(kled_env: dict[str, str]) -> Kled:
    return typed(kled_env)


@pytest.fixture(scope="module")
def cluster(kled: Kled) -> str:
    """A cluster that kled created and applied."""
    done = kled("create-cluster", NAMED, *OPTIONS, "--yes")
    assert done.returncode == 0, done.stderr
    return CLUSTER


def test_creating_it_again_attaches(kled: Kled, cluster: str) -> None:
    again = kled("create-cluster", NAMED, *OPTIONS)

    assert again.returncode == 0, again.stderr
    assert "attached" in again.stdout + again.stderr


def test_creating_it_with_other_options_names_what_differs(kled: Kled, cluster: str) -> None:
    other = kled("create-cluster", NAMED, OPTIONS[0], "--node-count=5", "--dns=none")

    assert other.returncode == 1
    assert "stored with another definition" in one_line(other)
    assert "spec.minSize" in other.stderr


def test_nothing_is_left_to_update(kled: Kled, cluster: str) -> None:
    preview = kled("update-cluster", NAMED)

    assert preview.returncode == 0, preview.stderr
    assert "nothing to change" in preview.stderr


def test_it_validates(kled: Kled, cluster: str) -> None:
    seen = kled("validate-cluster", NAMED, "--output=json")

    assert seen.returncode == 0, seen.stderr
    assert len(json.loads(seen.stdout)["nodes"]) == 4


def test_an_unhealthy_cluster_ends_with_3_and_names_the_node(
    kled: Kled, cluster: str, real_cloud: RealCloud
) -> None:
    faults = real_cloud.api.cluster(cluster).faults
    nodes = real_cloud.api.cluster(cluster).nodes()
    worker = next(n["metadata"]["name"] for n in nodes if GROUP in str(n["metadata"]["labels"]))
    faults.not_ready.add(worker)
    try:
        seen = kled("validate-cluster", NAMED)
    finally:
        faults.not_ready.clear()

    assert seen.returncode == 3
    assert worker in seen.stdout + seen.stderr


def test_an_unreachable_api_ends_with_3(kled: Kled, cluster: str, real_cloud: RealCloud) -> None:
    faults = real_cloud.api.cluster(cluster).faults
    faults.unreachable = True
    try:
        seen = kled("validate-cluster", NAMED)
    finally:
        faults.unreachable = False

    assert seen.returncode == 3
    assert "hint" in seen.stderr


def test_the_kubeconfig_is_for_its_owner_alone(kled: Kled, cluster: str, tmp_path: Path) -> None:
    target = tmp_path / "kubeconfig"

    done = kled("export-kubecfg", NAMED, f"--kubeconfig={target}")

    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert f"current-context: {cluster}" in target.read_text()


def test_every_list_names_what_is_there(kled: Kled, cluster: str) -> None:
    json_ = "--output=json"
    clusters = [row["name"] for row in rows(kled("get-clusters", json_))]
    groups = [row["name"] for row in rows(kled("get-instance-groups", NAMED, json_))]
    instances = rows(kled("get-instances", NAMED, json_))
    secrets = [row["name"] for row in rows(kled("get-secrets", NAMED, json_))]
    keypairs = [row["name"] for row in rows(kled("get-keypairs", NAMED, json_))]

    assert cluster in clusters
    assert groups == ["control-plane-us-east-1b", GROUP, "nodes-us-east-1c"]
    assert len(instances) == 4
    assert "kube" in secrets
    assert "kubernetes-ca" in keypairs


def test_a_group_is_edited_scaled_rolled_and_left_alone_where_a_field_is_wrong(
    kled: Kled, cluster: str
) -> None:
    group = f"--instance-group={GROUP}"
    edited = kled("edit-instance-group", NAMED, group, "--set=spec.machineType=t3.large")
    wrong = kled("edit-instance-group", NAMED, group, "--set=spec.machineTipe=t3.large")
    scaled = kled("scale-instance-group", NAMED, group, "--min=3", "--max=3")
    applied = kled("update-cluster", NAMED, "--yes")
    needed = kled("rolling-update", NAMED)
    after = rows(kled("get-instance-groups", NAMED, "--output=json"))

    assert edited.returncode == 0, edited.stderr
    assert "spec.machineType" in edited.stdout + edited.stderr
    assert wrong.returncode == 2
    assert "machineTipe" in one_line(wrong)
    assert "did you mean spec.machineType?" in wrong.stderr
    assert scaled.returncode == 0, scaled.stderr
    assert applied.returncode == 0, applied.stderr
    assert needed.returncode == 0, needed.stderr
    assert "NeedsUpdate" in needed.stdout
    changed = next(row for row in after if row["name"] == GROUP)
    assert (changed["min"], changed["max"]) == (3, 3)


def test_a_group_comes_and_goes(kled: Kled, cluster: str) -> None:
    group = "--instance-group=batch"
    made = kled("create-instance-group", NAMED, group, "--subnet=us-east-1b")
    names = [row["name"] for row in rows(kled("get-instance-groups", NAMED, "--output=json"))]
    deleted = kled("delete-instance-group", NAMED, group, "--yes")
    left = [row["name"] for row in rows(kled("get-instance-groups", NAMED, "--output=json"))]

    assert made.returncode == 0, made.stderr
    assert "batch" in names
    assert deleted.returncode == 0, deleted.stderr
    assert "batch" not in left


def test_a_secret_comes_and_goes_and_is_never_shown(
    kled: Kled, cluster: str, tmp_path: Path
) -> None:
    file = tmp_path / "docker.json"
    file.write_text('{"auths":{"registry.example.org":{"auth":"cGxhbnRlZDpzZWNyZXQ="}}}')
    made = kled("create-secret", "dockerconfig", NAMED, f"--file={file}")
    listed = kled("get-secrets", NAMED)
    deleted = kled("delete-secret", NAMED, "--secret=dockerconfig", "--yes")

    assert made.returncode == 0, made.stderr
    assert "dockerconfig" in listed.stdout
    assert deleted.returncode == 0, deleted.stderr
    said = "".join(done.stdout + done.stderr for done in (made, listed, deleted))
    assert "cGxhbnRlZDpzZWNyZXQ" not in said


def test_upgrade_reconcile_and_dump_say_what_they_see(kled: Kled, cluster: str) -> None:
    upgrade = kled("upgrade-cluster", NAMED)
    reconcile = kled("reconcile-cluster", NAMED)
    dump = kled("toolbox-dump", NAMED, "--output=json")

    assert upgrade.returncode == 0, upgrade.stderr
    assert reconcile.returncode == 0, reconcile.stderr
    assert len(json.loads(dump.stdout)["instances"]) >= 4


def test_a_key_is_not_promoted_before_every_machine_was_rolled(kled: Kled, cluster: str) -> None:
    made = kled("rotate-keypairs", NAMED, "--phase=create", "--yes")
    early = kled("rotate-keypairs", NAMED, "--phase=promote", "--yes")

    assert made.returncode == 0, made.stderr
    assert early.returncode == 6
    assert "too early" in one_line(early)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("get-instance-groups", "--name=absent.example.org"), 1, "absent.example.org"),
        (("create-cluster", "--name=x.example.org", "--zones=us-east-1zz"), 2, "us-east-1zz"),
        (("create-cluster", "--name=Bad_Name", "--zones=us-east-1a"), 2, "name"),
        (("create-cluster", "--name=x.example.org", "--zones=us-east-1a,nyc1"), 2, "zones"),
        (
            (
                "create-cluster",
                "--name=x.example.org",
                "--zones=us-east-1a",
                "--control-plane-count=2",
            ),
            2,
            "control-plane-count",
        ),
        (
            (
                "create-cluster",
                "--name=x.example.org",
                "--zones=us-east-1a",
                "--kubernetes-version=1.20.0",
                "--dns=none",
            ),
            1,
            "older than kops",
        ),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_is_stored(
    kled: Kled, cluster: str, words: tuple[str, ...], code: int, says: str
) -> None:
    done = kled(*words)
    stored = [row["name"] for row in rows(kled("get-clusters", "--output=json"))]

    assert done.returncode == code, done.stderr
    assert says in one_line(done)
    assert stored == [cluster]


@pytest.mark.parametrize(
    ("env", "code", "says"),
    [
        ({"KOPS_STATE_STORE": "s3://no-such-bucket-anywhere"}, 1, "no-such-bucket-anywhere"),
        ({"KOPS_STATE_STORE": "ftp://x"}, 2, "ftp://x"),
        ({"KLED_KOPS": "/nonexistent/kops"}, 2, "/nonexistent/kops"),
        ({"S3_ENDPOINT": "http://127.0.0.1:9"}, 1, "127.0.0.1:9"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(
    kled: Kled, env: dict[str, str], code: int, says: str
) -> None:
    done = kled("get-clusters", **env)

    assert done.returncode == code, done.stderr
    assert says in one_line(done)


def test_in_the_end_it_is_deleted_and_nothing_is_left(
    kled: Kled, cluster: str, real_cloud: RealCloud
) -> None:
    preview = kled("delete-cluster", NAMED)
    done = kled("delete-cluster", NAMED, "--yes")
    objects = real_cloud.client("s3").list_objects_v2(
        Bucket=real_cloud.bucket, Prefix=f"{cluster}/"
    )

    assert preview.returncode == 0, preview.stderr
    assert done.returncode == 0, done.stderr
    assert objects["KeyCount"] == 0
