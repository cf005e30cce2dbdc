"""What kled rewrites for another region, a real kops takes, keeps as it is, and runs there."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
import yaml

from kled.recovery.rewrite import OldSideGone, Rewritten, Target, rewrite
from tests.unit.recovery.rewrite import definitions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops

NAME = "moved.example.com"
EAST, WEST = "us-east-1", "eu-west-1"
BUCKET = "kled-e2e-west"
ZONES = {f"{EAST}{letter}": f"{WEST}{letter}" for letter in "abc"}
LIMIT_SECONDS = 300
COUNTED = ("creationTimestamp", "generation")


class Kops(Protocol):
    """Runs kops, which has to end well, and returns what it printed."""

    def __call__(self, *args: str, **env: str) -> str: ...


@pytest.fixture(scope="module")
def kops(real_kops: Path, real_cloud: RealCloud) -> Kops:
    def run(*args: str, **env: str) -> str:
        done = subprocess.run(
            [real_kops, *args],
            env=real_cloud.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def documents(text: str) -> dict[str, Any]:
    """Return what another reader of YAML makes of documents, by name, but for kops' counts."""
    by_name = {}
    for document in yaml.safe_load_all(text):
        for field in COUNTED:
            document["metadata"].pop(field, None)
        by_name[f"{document['kind']}/{document['metadata']['name']}"] = document
    return by_name


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("complex-private", "aws"),
        ("private_shared_subnets", "aws"),
        ("ha_shared_zones", "aws"),
        ("existing_iam", "aws"),
        ("mixed_instances_spot", "aws"),
        ("ha_gce", "gce"),
        ("private_gce", "gce"),
        ("gossip-azure", "azure"),
    ],
)
def test_kops_prints_each_definition_as_it_was_written(
    name: str, cloud: str, kops: Kops, tmp_path: Path
) -> None:
    cluster, groups = definitions.definition(name, cloud)
    target = definitions.CLOUDS[cloud]
    stored = as_stored(kops, cluster, groups, tmp_path / "old")
    rewritten = rewrite(*definitions.split(stored), target)

    printed = as_stored(kops, *bodies(rewritten), tmp_path / "new")

    assert documents(printed) == documents(rewritten.as_text())
    assert rewritten.cluster in printed
    assert target.region in printed


def bodies(rewritten: Rewritten) -> tuple[bytes, list[bytes]]:
    by_key = rewritten.objects()
    return by_key.pop("config"), list(by_key.values())


def as_stored(kops: Kops, cluster: bytes, groups: list[bytes], store: Path) -> str:
    """Return what kops prints of a definition in a directory."""
    name = definitions.read(cluster)["metadata"]["name"]
    place = store / name
    (place / "instancegroup").mkdir(parents=True)
    (place / "config").write_bytes(cluster)
    for body in groups:
        (place / "instancegroup" / definitions.read(body)["metadata"]["name"]).write_bytes(body)
    return kops("get", "all", "--name", name, "-o", "yaml", f"--state=file://{store}")


@dataclasses.dataclass
class Moved:
    """A cluster that lived in the east, and lives in the west."""

    rewritten: Rewritten
    old: dict[str, bytes]
    new: dict[str, bytes]
    preview: str


def client(cloud: RealCloud, service: Any, region: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=cloud.endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def objects(cloud: RealCloud, bucket: str) -> dict[str, bytes]:
    s3 = client(cloud, "s3", EAST)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{NAME}/").get("Contents", [])
    return {
        each["Key"].removeprefix(f"{NAME}/"): s3.get_object(Bucket=bucket, Key=each["Key"])[
            "Body"
        ].read()
        for each in listed
    }


@pytest.fixture(scope="module")
def moved(kops: Kops, real_cloud: RealCloud, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    zones = ",".join(ZONES)
    topology = ("--topology=private", "--bastion", "--dns=none")
    sizes = ("--control-plane-count=3", f"--control-plane-zones={zones}", "--node-count=3")
    kops("create", "cluster", "--name", NAME, f"--zones={zones}", *topology, *sizes)
    kops("update", "cluster", "--name", NAME, "--yes")
    old = objects(real_cloud, real_cloud.bucket)
    target = Target(
        region=WEST,
        zones=ZONES,
        state_store=f"s3://{BUCKET}",
        iam_isolation=OldSideGone("the east is lost"),
    )
    groups = [body for key, body in old.items() if key.startswith("instancegroup/")]
    rewritten = rewrite(old["config"], groups, target)
    s3 = client(real_cloud, "s3", WEST)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": WEST})
    for key, body in old.items():
        if key.startswith(("pki/", "secrets/")):
            s3.put_object(Bucket=BUCKET, Key=f"{NAME}/{key}", Body=body)
    file = tmp_path_factory.mktemp("rewritten") / "all.yaml"
    file.write_text(rewritten.as_text())
    west = {
        "KOPS_STATE_STORE": f"s3://{BUCKET}",
        "AWS_REGION": WEST,
        "AWS_DEFAULT_REGION": WEST,
        "S3_REGION": WEST,
    }
    kops("replace", "--force", "-f", str(file), **west)
    preview = kops("update", "cluster", "--name", NAME, **west)
    kops("update", "cluster", "--name", NAME, "--yes", **west)
    return Moved(rewritten, old, objects(real_cloud, BUCKET), preview)


def test_kops_makes_no_key_in_the_new_region(moved: Moved) -> None:
    identity = {
        key: body for key, body in moved.old.items() if key.startswith(("pki/", "secrets/"))
    }

    assert len(identity) > 10
    assert {key: moved.new[key] for key in identity} == identity
    assert {key for key in moved.new if key.startswith(("pki/", "secrets/"))} == set(identity)
    assert "Keypair/" not in moved.preview
    assert "Secret/" not in moved.preview


def test_kops_stores_what_was_written(moved: Moved) -> None:
    definition = {
        key: body.decode()
        for key, body in moved.new.items()
        if key == "config" or key.startswith("instancegroup/")
    }

    assert documents("\n---\n".join(definition.values())) == documents(moved.rewritten.as_text())


def test_nothing_that_kops_wrote_names_the_old_region(moved: Moved) -> None:
    named = [key for key, body in moved.new.items() if EAST.encode() in body]

    assert named == []


def test_the_cloud_of_the_new_region_names_nothing_of_the_old(
    moved: Moved, real_cloud: RealCloud
) -> None:
    scaling = client(real_cloud, "autoscaling", WEST).describe_auto_scaling_groups()
    ec2 = client(real_cloud, "ec2", WEST)
    templates = [
        version
        for each in ec2.describe_launch_templates()["LaunchTemplates"]
        for version in ec2.describe_launch_template_versions(
            LaunchTemplateId=each["LaunchTemplateId"]
        )["LaunchTemplateVersions"]
    ]
    programs = [opened(each["LaunchTemplateData"].get("UserData", "")) for each in templates]
    groups = scaling["AutoScalingGroups"]

    assert {zone for group in groups for zone in group["AvailabilityZones"]} == set(ZONES.values())
    assert len(groups) == 7
    assert f"bastions.{NAME}" in {group["AutoScalingGroupName"] for group in groups}
    assert any(WEST in program for program in programs)
    shown = f"{scaling} {templates} {programs} {ec2.describe_subnets()} {ec2.describe_volumes()}"
    assert EAST not in shown
    assert f"{real_cloud.bucket}/" not in shown


def opened(text: str) -> str:
    """Return user data as a machine runs it."""
    body = base64.b64decode(text)
    return (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode()
