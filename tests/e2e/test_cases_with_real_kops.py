"""What people's state stores hold, driven with a real kops: no value changes, nothing vanishes.

Each test is a case of tests/cases, or a fault of its own number, in a bucket of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kled.yaml_text import document, documents

if TYPE_CHECKING:
    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops
CASES = Path(__file__).parents[1] / "cases"
C = "staging.example.com"
NAMED = f"--name={C}"
NODES = f"{C}/instancegroup/nodes"
TEXTS = {"k8s.io/cluster-autoscaler/enabled": "yes", "Backup": "Y", "account": "089012345678"}
GROUP = ("--instance-group=nodes",)


class Place:
    """A bucket with state in it, and kled that looks at it."""

    def __init__(self, cloud: RealCloud, env: dict[str, str], bucket: str, home: Path) -> None:
        self.bucket = bucket
        self.s3 = cloud.client("s3")
        self.s3.create_bucket(Bucket=bucket)
        images = cloud.client("ec2").describe_images()["Images"]
        self.image = next(one["ImageId"] for one in images if one["Architecture"] == "x86_64")
        self.home = home
        (home / "snapshots").mkdir()
        self.env = env | {
            "KOPS_STATE_STORE": f"s3://{bucket}",
            "KLED_SNAPSHOT_STORE": (home / "snapshots").as_uri(),
            "KLED_LEASE_TTL": "10",
        }

    def put(self, key: str, text: str) -> None:
        body = text.replace("STORE", self.bucket).replace("ami-0123456789abcdef0", self.image)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode())

    def put_legacy(self, name: str = C) -> None:
        """Put the tree of case 01, under another name."""
        for file in (CASES / "01-legacy-store" / C).rglob("*"):
            if file.is_file():
                place = file.relative_to(CASES / "01-legacy-store" / C)
                self.put(f"{name}/{place}", file.read_text().replace(C, name))

    def text(self, key: str) -> str:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body.decode()

    def objects(self) -> dict[str, str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        keys = (one["Key"] for one in listed if not one["Key"].startswith(".kled/"))
        return {key: self.text(key) for key in keys}

    def kled(
        self, *words: str, status: int | None = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "kled", *words],
            env=self.env | env,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert status is None or done.returncode == status, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture(scope="module")
def zone(real_cloud: RealCloud) -> None:
    """The hosted zone that old clusters live in: kops looks for it at each edit."""
    real_cloud.client("route53").create_hosted_zone(Name="example.com", CallerReference="cases")


@pytest.fixture
def place(
    real_cloud: RealCloud,
    kled_env: dict[str, str],
    zone: None,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Place:
    name = request.node.name.partition("[")[0].replace("_", "-")[-50:].strip("-")
    return Place(real_cloud, kled_env, name, tmp_path)


def cloud_labels(text: str) -> dict[str, Any]:
    found: dict[str, Any] = document(text)["spec"]["cloudLabels"]
    return found


def test_case_01_a_tree_of_kops_1_8_is_read_snapshotted_and_restored(place: Place) -> None:
    place.put_legacy()
    before = place.objects()

    assert C in place.kled("kops", "get-clusters").stdout
    shown = json.loads(place.kled("kops", "get-clusters", NAMED, "-o", "json").stdout)
    assert shown["groups"][1]["spec"]["cloudLabels"] == TEXTS
    groups = json.loads(place.kled("kops", "get-instance-groups", NAMED, "-o", "json").stdout)
    assert [(one["name"], one["min"], one["max"]) for one in groups] == [
        ("master-us-east-1c", 1, 1),
        ("nodes", 1, 5),
    ]
    place.kled("snapshot", "create", "--all")
    for key in before:
        place.s3.delete_object(Bucket=place.bucket, Key=key)
    place.kled("snapshot", "restore", NAMED, "--snapshot=latest", "--yes")

    after = place.objects()
    counted = {key for key in after if key == f"{C}/config" or "/instancegroup/" in key}
    assert {key: after[key] for key in after if key not in counted} == {
        key: before[key] for key in before if key not in counted
    }
    for key in counted:  # what was lost counts on
        text = place.text(key)
        assert "  generation: 1000\n" in text


def test_case_01_edits_of_such_a_tree_change_what_they_say(place: Place, tmp_path: Path) -> None:
    place.put_legacy()
    others = {key: text for key, text in place.objects().items() if key != NODES}
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/maxSize: 6/maxSize: 7/' \"$1\"\n")
    editor.chmod(0o755)
    file = tmp_path / "nodes.yaml"
    bare = re.sub(r"^  creationTimestamp: .*\n", "", place.text(NODES), flags=re.MULTILINE)
    file.write_text(bare.replace("maxSize: 5", "maxSize: 8"))  # over whatever is stored by then

    edit = ("kops", "edit-instance-group", NAMED, *GROUP)
    for words, most in (
        ((*edit, "--max=6"), 6),
        (edit, 7),
        ((*edit, f"--file={file}"), 8),
        (("kops", "scale-instance-group", NAMED, *GROUP, "--max=9"), 9),
    ):
        place.kled(*words, VISUAL=str(editor))
        stored = place.text(NODES)
        assert document(stored)["spec"]["maxSize"] == most
        assert cloud_labels(stored) == TEXTS
        assert document(stored)["spec"]["maxPrice"] == "0.4"
        assert document(stored)["metadata"]["creationTimestamp"] == "2018-01-23T10:00:05Z"

    assert {key: text for key, text in place.objects().items() if key != NODES} == others


def test_case_02_every_text_stays_a_text(place: Place, tmp_path: Path) -> None:
    name = "c.example.com"
    place.put_legacy(name)
    group = (CASES / "02-scalars" / "instancegroup-nodes.yaml").read_text()
    place.put(f"{name}/instancegroup/nodes", group.replace("us-east-1a", "us-east-1c"))
    edited = tmp_path / "edited.yaml"
    edited.write_text(place.text(f"{name}/instancegroup/nodes").replace("maxSize: 2", "maxSize: 3"))
    edit = ("kops", "edit-instance-group", f"--name={name}", *GROUP)

    place.kled(*edit, f"--file={edited}")

    labels = {"Backup": "Y", "account": "089012345678", "rack": "1e3"}
    stored = place.text(f"{name}/instancegroup/nodes")
    assert cloud_labels(stored) == labels
    assert document(stored)["spec"]["maxSize"] == 3

    place.put(
        f"{name}/instancegroup/nodes",
        group.replace("us-east-1a", "us-east-1c").replace(
            "2026-01-01T00:00:00Z", "2018-06-11T21:11:53Z"
        ),
    )
    old = (CASES / "02-scalars" / "file-with-plain-timestamp.yaml").read_text()
    edited.write_text(
        old.replace("us-east-1a", "us-east-1c").replace("ami-0123456789abcdef0", place.image)
    )
    place.kled(*edit, f"--file={edited}")
    assert document(place.text(f"{name}/instancegroup/nodes"))["spec"]["maxSize"] == 4

    twice = edited.read_text() + "kind: InstanceGroup\n"
    edited.write_text(twice)
    done = place.kled(*edit, f"--file={edited}", status=2)  # fault 63
    assert "key 'kind' stands twice" in done.stderr


def test_case_03_an_additional_object_is_kept(place: Place) -> None:
    place.put_legacy()
    *_, note = documents((CASES / "03-additional-object" / "kops-get-all.yaml").read_text())
    place.put(f"{C}/clusteraddons/default", json.dumps(note))
    before = place.text(f"{C}/clusteraddons/default")

    shown = json.loads(place.kled("kops", "get-clusters", NAMED, "-o", "json").stdout)
    place.kled("kops", "edit-instance-group", NAMED, *GROUP, "--max=6")
    place.kled("kops", "scale-instance-group", NAMED, *GROUP, "--max=7")
    place.kled("kops", "delete-cluster", NAMED)

    assert shown["more"] == [note]
    assert place.text(f"{C}/clusteraddons/default") == before
    assert document(place.text(NODES))["spec"]["maxSize"] == 7


def test_an_ssh_key_is_stored_and_attached_to(place: Place, ssh_key: Path) -> None:  # fault 62
    create = ("kops", "create-cluster", "--name=ssh.example.org", "--zones=us-east-1a")
    options = ("--node-count=1", "--dns=none", f"--ssh-public-key={ssh_key}")

    planned = place.kled(*create, *options, "--dry-run", "-o", "json")
    first = place.kled(*create, *options)
    again = place.kled(*create, *options)

    assert json.loads(planned.stdout)["more"][0]["kind"] == "SSHCredential"
    assert "stored" in first.stdout
    assert "already stored; attached" in again.stdout
    place.s3.delete_object(
        Bucket=place.bucket, Key="ssh.example.org/instancegroup/nodes-us-east-1a"
    )
    resumed = place.kled(*create, *options)
    assert "half stored by an earlier run; completed" in resumed.stdout
    keys = [key for key in place.objects() if "/pki/ssh/public/" in key]
    assert len(keys) == 1


@pytest.fixture
def ssh_key(tmp_path: Path) -> Path:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.generate().public_key()
    text = public.public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    ).decode()
    file = tmp_path / "id.pub"
    file.write_text(f"{text} operator\n")
    return file


def test_case_05_odd_keys_are_one_clusters_remark(place: Place) -> None:
    for name in ("a.example.com", "c.example.com"):
        place.put_legacy(name)
    odd = ("notes//owner.txt", "/config", "notes/../config", "notes/./x", "a\x1bb", "notes/")
    for key in (
        *(f"c.example.com/{one}" for one in odd),
        ".git/config",
        "README",
        "c.example.com/instancegroup",
    ):
        body = b"" if key.endswith("instancegroup") else b"x"
        place.s3.put_object(Bucket=place.bucket, Key=key, Body=body)

    done = place.kled("snapshot", "create", "--all", "-o", "json", status=1)

    rows = {one["cluster"]: one for one in json.loads(done.stdout)["clusters"]}
    assert list(rows) == ["a.example.com", "c.example.com"]
    assert all(one["level"] == 2 and one["error"] is None for one in rows.values())
    assert rows["a.example.com"]["left_out"] == []
    left_out = {words.partition(": ")[0] for words in rows["c.example.com"]["left_out"]}
    assert left_out == {one.replace("\x1b", "\\x1b") for one in odd}
    assert "move it out" in done.stderr
    place.kled("kops", "edit-instance-group", "--name=c.example.com", *GROUP, "--max=6")
    place.kled("kops", "delete-cluster", "--name=a.example.com", "--yes")  # fault 73


def test_case_07_sizes_that_nobody_set_stay_unset(place: Place) -> None:
    place.put_legacy("c.example.com")
    group = (CASES / "07-no-sizes" / "nodes.yaml").read_text()
    place.put("c.example.com/instancegroup/nodes", group.replace("us-east-1a", "us-east-1c"))
    scale = ("kops", "scale-instance-group", "--name=c.example.com", *GROUP)

    groups = place.kled("kops", "get-instance-groups", "--name=c.example.com").stdout
    (line,) = [line.split() for line in groups.splitlines() if line.startswith("nodes")]
    below = place.kled(*scale, "--max=1", status=2)
    place.kled(*scale, "--max=4")

    assert line[3:5] == ["-", "-"]
    assert "above the greatest" in below.stderr
    spec = document(place.text("c.example.com/instancegroup/nodes"))["spec"]
    assert (spec.get("minSize"), spec["maxSize"]) == (None, 4)


def test_a_field_of_a_newer_kops_survives(place: Place) -> None:  # fault 13
    place.put_legacy()
    place.put(NODES, place.text(NODES).replace("spec:", "spec:\n  flux:\n    capacitor: 3"))
    before = place.text(NODES)
    edit = ("kops", "edit-instance-group", NAMED, *GROUP)

    done = place.kled(*edit, "--max=6", status=1)
    assert "does not know spec.flux" in done.stderr
    done = place.kled("kops", "scale-instance-group", NAMED, *GROUP, "--max=6", status=1)
    assert "does not know spec.flux" in done.stderr
    assert place.text(NODES) == before

    assert "spec.flux: given up" in place.kled(*edit, "--unset=spec.flux").stdout
    assert "flux" not in place.text(NODES)
    assert cloud_labels(place.text(NODES)) == TEXTS


Break = Callable[[Place], None]


def _garbage(place: Place) -> None:
    place.put("bad.example.com/config", "apiVersion: [")


def _group_as_config(place: Place) -> None:
    place.put("bad.example.com/config", place.text(NODES))


def _copied(place: Place) -> None:
    place.put("bad.example.com/config", place.text(f"{C}/config"))


@pytest.mark.parametrize("damage", [_garbage, _group_as_config, _copied])
def test_an_unreadable_cluster_never_vanishes(
    place: Place, damage: Break, request: pytest.FixtureRequest
) -> None:  # faults 11, 98
    place.put_legacy()
    damage(place)

    done = place.kled("kops", "get-clusters", status=1)
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert rows == {"NAME": "CLOUD", C: "aws", "bad.example.com": "(unreadable)"}
    assert "1 of 2 clusters cannot be read: bad.example.com" in done.stderr
    done = place.kled("kops", "get-instance-groups", status=1)
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
        ["bad.example.com", "(unreadable)"],
        [C, "master-us-east-1c"],
        [C, "nodes"],
    ]
    assert "bad.example.com" in place.kled("kops", "validate-cluster", status=1).stderr
    made = place.kled("snapshot", "create", "--all", "-o", "json", status=None).stdout
    levels = {one["cluster"]: one["level"] for one in json.loads(made)["clusters"]}
    assert levels == {C: 2, "bad.example.com": 0}
