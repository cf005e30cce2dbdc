"""The definition side of the simulation says what real kops said, word for word."""

import json
import socket
from pathlib import Path

import pytest

from tests.sandbox.harness import CAPTURES, Box, Capture
from tests.sandbox.normalise import normalise

EMPTY = (
    "01-version", "01b-version-short", "20-dry-run-default-types", "20-dry-run-yaml",
    "20b-dry-run-json", "C01b-aws-dryrun-filestate", "C02-gce-dryrun",
    "C02b-gce-dryrun-noproject", "C03-azure-dryrun-noflag", "C03b-azure-dryrun",
    "C04-do-dryrun-notoken", "C04b-do-dryrun", "C04d-do-badzone",
    "C05-hetzner-dryrun-notoken", "C05b-hetzner-dryrun", "C05d-hetzner-badzone",
    "C06-openstack-dryrun-noenv", "C06b-openstack-dryrun", "C07-scaleway-dryrun-noflag",
    "C07b-scaleway-dryrun", "C08-linode-dryrun-noflag", "C08b-linode-dryrun",
    "C09-metal-dryrun", "C10-unknown-cloud", "C11-no-cloud-infer", "C12-memfs-state",
    "C12b-gs-state", "C12d-azureblob-state", "C12e-azureblob-state-acct", "C12k-k8s-state",
    "C12l-vault-state", "C13c-file-discovery-store", "E01-no-state-store",
    "E03-bad-state-scheme", "E03b-state-no-scheme", "E05b-no-aws-creds",
    "E06-cluster-not-found-get", "E06c-cluster-not-found-ig", "E06g-cluster-not-found-export",
    "E06h-cluster-not-found-edit", "E06i-no-clusters-get", "E08-invalid-name",
    "E08b-invalid-name-nodots", "E08c-missing-name", "E09-invalid-zone", "E09c-no-zones",
    "E09d-even-cp", "E09e-bad-k8s-version",
    "E09f-old-k8s-version", "E09i-old-k8s-version-create", "E09j-new-k8s-version-create",
    "E11-unknown-flag",
    "E11b-unknown-subcommand", "E11c-unknown-subsub", "E11e-two-positional", "E11g-no-args",
    "E11h-no-cluster-name", "E12-missing-ssh-key-file",
    "E11f-bool-arg", "E13c-bad-target", "E13d-bad-duration", "E10c-create-f-missing-file",
)  # fmt: skip
CREATED = (
    "E07b-already-exists", "E14-export-before-update", "E14b-get-full-before-update",
    "E14c-get-keypairs-before", "E14d-get-secrets-before", "E16-get-ig-missing",
    "E16b-edit-ig-missing", "E17-json-empty", "E11d-bad-output",
)  # fmt: skip
UPDATED = (
    "10-get-clusters-table", "10b-get-clusters-json", "10c-get-clusters-yaml",
    "11-get-cluster-yaml", "11c-get-cluster-json", "12-get-ig-table", "12b-get-ig-json",
    "12c-get-ig-one-json", "12d-get-ig-yaml", "13-get-all", "13b-get-all-yaml",
    "13c-get-name-yaml", "14-get-secrets", "14b-get-secrets-json", "16-get-sshpublickeys",
    "16b-get-sshpublickeys-json", "28-export-kubeconfig", "28b-export-kubeconfig-admin",
    "28c-export-kubeconfig-admin-2h", "28d-export-kubeconfig-all", "30-edit-cluster-set",
    "30c-edit-ig-set", "30i-edit-cluster-set-badpath", "30j-edit-cluster-set-badvalue",
    "30k-edit-ig-set-machinetype", "33-create-ig-dryrun", "33b-create-ig",
    "33d2-delete-ig-no-yes-eof", "33g-delete-ig-last-cp", "34i-delete-secret-again",
    "35i-create-keypair-unknown", "35j-distrust-primary", "36b-delete-sshpublickey",
    "36c-create-sshpublickey",
)  # fmt: skip
MUTATIONS = (
    ("12-get-ig-table", "t3.medium", "t3.large"),
    ("10-get-clusters-table", "us-east-1a", "us-east-1b"),
    ("11-get-cluster-yaml", "backupRetentionDays: 90", "backupRetentionDays: 9"),
    ("E09d-even-cp", "odd number", "even number"),
    ("20-dry-run-yaml", "maxSize: 1", "maxSize: 2"),
    ("E06-cluster-not-found-get", "nope", "hope"),
)


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Box:
    box = Box(tmp_path_factory.mktemp("created") / "box")
    assert box.replay(Capture("E07-ok-file-cluster")).status == 0
    return box


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Box:
    box = Box(tmp_path_factory.mktemp("updated") / "box")
    assert box.replay(Capture("02-create-cluster")).status == 0
    done = box.kops("update", "cluster", "--name=demo.k8s.local", "--yes", "--admin")
    assert done.status == 0, done.stderr
    return box


def assert_same(box: Box, name: str) -> None:
    capture = Capture(name)
    got, wanted = box.replay(capture), capture.outcome
    assert normalise(got.stdout) == normalise(wanted.stdout)
    assert normalise(got.stderr) == normalise(wanted.stderr)
    assert got.status == wanted.status


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_store_answers_as_kops_does(name: str, tmp_path: Path) -> None:
    assert_same(Box(tmp_path / "box"), name)


@pytest.mark.parametrize("name", CREATED)
def test_a_created_cluster_answers_as_kops_does(name: str, created: Box, tmp_path: Path) -> None:
    assert_same(created.copy_to(tmp_path / "box"), name)


@pytest.mark.parametrize("name", UPDATED)
def test_an_updated_cluster_answers_as_kops_does(name: str, updated: Box, tmp_path: Path) -> None:
    assert_same(updated.copy_to(tmp_path / "box"), name)


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_a_changed_word_or_number_is_seen(name: str, old: str, new: str) -> None:
    text = (CAPTURES / name / "stdout").read_text() + (CAPTURES / name / "stderr").read_text()
    assert old in text
    assert normalise(text.replace(old, new)) != normalise(text)


def test_counts_and_zones_that_no_capture_has(tmp_path: Path) -> None:
    box = Box(tmp_path / "box")
    zones = "eu-west-1a,eu-west-1b,eu-west-1c"
    done = box.kops(
        "create", "cluster", "--name=three.example.org", f"--zones={zones}",
        f"--control-plane-zones={zones}", "--node-count=5", "--cloud=aws", "--topology=private",
        "--bastion", "--networking=calico",
    )  # fmt: skip
    table = box.kops("get", "ig", "--name=three.example.org").stdout.splitlines()
    assert done.status == 0, done.stderr
    counts = {line.split()[0]: line.split()[3] for line in table[1:]}
    assert counts == {
        "bastions": "1",
        "control-plane-eu-west-1a": "1",
        "control-plane-eu-west-1b": "1",
        "control-plane-eu-west-1c": "1",
        "nodes-eu-west-1a": "2",
        "nodes-eu-west-1b": "2",
        "nodes-eu-west-1c": "1",
    }


def test_the_kubeconfig_is_private_and_its_certificate_is_signed(updated: Box) -> None:
    path = updated.home / "kc"
    done = updated.kops(
        "export", "kubeconfig", "--name=demo.k8s.local", "--admin", f"--kubeconfig={path}"
    )
    assert done.status == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert "client-key-data" in path.read_text()


def test_an_edit_in_the_editor_is_stored_and_a_wrong_one_is_kept(
    updated: Box, tmp_path: Path
) -> None:
    box = updated.copy_to(tmp_path / "box")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/maxSize: 2/$CHANGE/" "$1"\n')
    editor.chmod(0o755)
    env = box.env | {"EDITOR": str(editor), "TMPDIR": str(tmp_path)}
    edit = ("edit", "ig", "nodes-us-east-1a", "--name=demo.k8s.local")

    wrong = box.kops(*edit, env=env | {"CHANGE": "maxsize: 7"})
    right = box.kops(*edit, env=env | {"CHANGE": "maxSize: 7"})

    assert (wrong.status, right.status) == (1, 0)
    assert len(list(tmp_path.glob("kops-edit-*yaml"))) == 1
    assert "maxSize: 7" in box.kops("get", "ig", "--name=demo.k8s.local", "-oyaml").stdout


def test_a_rotated_key_shows_when_it_was_distrusted(updated: Box, tmp_path: Path) -> None:
    box = updated.copy_to(tmp_path / "box")
    for verb in ("create", "promote", "distrust"):
        done = box.kops(verb, "keypair", "kubernetes-ca", "--name=demo.k8s.local")
        assert done.status == 0, done.stderr
    table = box.kops("get", "keypairs", "kubernetes-ca", "--name=demo.k8s.local", "--distrusted")
    assert "DISTRUSTED" in table.stdout.splitlines()[0]
    assert len(table.stdout.splitlines()) == 3


def test_an_api_whose_port_another_took_starts_on_another(updated: Box, tmp_path: Path) -> None:
    box = updated.copy_to(tmp_path / "box")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        place = next(path for path in box.directory.rglob("demo.k8s.local.json") if _is_api(path))
        place.write_text(json.dumps({"port": port, "pid": 2**22 + 1, "authorities": ""}))

        done = box.kops(
            *("export", "kubeconfig", "--name=demo.k8s.local", "--admin"),
            f"--kubeconfig={tmp_path}/kc",
        )

    assert done.status == 0, done.stderr
    assert f"127.0.0.1:{port}" not in (tmp_path / "kc").read_text()


def _is_api(path: Path) -> bool:
    return "port" in json.loads(path.read_text())
