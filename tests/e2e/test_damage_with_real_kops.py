"""What a real kops left damaged or elsewhere is never passed off as a snapshot to trust."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

OPTIONS = ("--zones=us-east-1a", "--node-count=1", "--dns=none")


class Place:
    """kled in a cloud with a snapshot store, and that cloud's objects."""

    def __init__(self, cloud: RealCloud, env: dict[str, str], home: Path) -> None:
        (home / "snapshots").mkdir()
        self.bucket = cloud.bucket
        self.s3 = cloud.client("s3")
        self.env = env | {"KLED_SNAPSHOT_STORE": (home / "snapshots").as_uri()}
        self.home = home

    def kled(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "kled", *words],
            env=self.env,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, (words, done.stdout, done.stderr)
        return done

    def answer(self, *words: str, status: int = 0) -> Any:
        return json.loads(self.kled(*words, "--output=json", status=status).stdout)

    def kops(self, *words: str) -> None:
        kops = (self.env["KLED_KOPS"], *words, f"--state=s3://{self.bucket}")
        subprocess.run(kops, env=self.env, check=True, capture_output=True, timeout=300)

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def write(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def keys(self, prefix: str) -> set[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {one["Key"] for one in listed}


@pytest.fixture
def place(real_cloud: RealCloud, kled_env: dict[str, str], tmp_path: Path) -> Place:
    return Place(real_cloud, kled_env, tmp_path)


def test_case_09_a_cluster_that_was_damaged_and_then_lost_comes_back_whole(place: Place) -> None:
    """Faults 6 and 41: `latest` and the hint named the snapshot of the damage, exit 0."""
    name = "damaged.example.org"
    named, config = f"--name={name}", f"{name}/config"
    place.kled("kops", "create-cluster", named, *OPTIONS, "--yes")
    good = place.answer("snapshot", "create", named)
    whole = place.read(config)

    place.write(config, whole[:400])
    for _ in range(2):
        (bad,) = place.answer("snapshot", "create", "--all", status=4)["clusters"]
        assert (bad["level"], bad["trusted"]) == (0, False)
    place.s3.delete_object(Bucket=place.bucket, Key=config)
    lost = place.kled("snapshot", "create", "--all", status=4)
    assert f"--snapshot={good['id']} --yes" in lost.stderr
    restore = ("snapshot", "restore", named)
    refused = place.kled(*restore, f"--snapshot={bad['id']}", "--yes", status=4)
    assert f"--snapshot={bad['id']} --untrusted" in refused.stderr
    assert config not in place.keys(config)

    place.kled(*restore, "--snapshot=latest", "--yes")

    assert good["level"] == 2
    counted = re.compile(rb"\n  generation: \d+")  # what was lost counts on
    assert counted.sub(b"", place.read(config)) == counted.sub(b"", whole)
    changes = place.answer("kops", "update-cluster", named)["changes"]
    assert not [one for one in changes if one["kind"] in {"Keypair", "Secret"}]
    place.kled("kops", "delete-cluster", named, "--yes")


@pytest.mark.parametrize(
    ("field", "kept"), [("configBase", "pki/private"), ("keyStore", "private")]
)
def test_case_04_keys_that_lie_elsewhere_are_said_and_no_snapshot_passes_for_whole(
    place: Place, field: str, kept: str
) -> None:
    """Fault 2: level 2, trustworthy, for four objects without a key."""
    name = f"{field.lower()}.example.org"
    named, config = f"--name={name}", f"{name}/config"
    place.kled("kops", "create-cluster", named, *OPTIONS)
    elsewhere = f"s3://{place.bucket}/elsewhere/{name}"
    base = f"configBase: s3://{place.bucket}/{name}"
    moved = f"{base}\n  {field}: {elsewhere}" if field != "configBase" else f"{field}: {elsewhere}"
    place.write(config, place.read(config).decode().replace(base, moved).encode())
    place.kops("update", "cluster", named, "--yes")
    assert place.keys(f"elsewhere/{name}/{kept}")

    taken = place.answer("snapshot", "create", named, status=4)
    checked = place.answer("snapshot", "verify", named, "--level=2", status=4)

    assert (taken["level"], taken["trusted"]) == (0, False)
    said = f"spec.{field} names {elsewhere}, which is not copied"
    assert any(said in words for words in taken["reasons"])
    assert not checked["trustworthy"]
    place.kled("snapshot", "restore", named, "--snapshot=latest", "--yes", status=4)
    place.kops("delete", "cluster", named, "--yes")
