"""What the recordings of definitions leave open: counts, editors, rotations, ports."""

import json
import shlex
import socket
from pathlib import Path

import pytest

from tests.boxes import Box, make_box
from tests.sandbox.normalise import normalise
from tests.sandbox.recorded import BASE_URL, CAPTURES, OPERATOR, PUBLIC_KEY
from tests.sandbox.recordings import recording

MUTATIONS = (
    ("12-get-ig-table", "t3.medium", "t3.large"),
    ("10-get-clusters-table", "us-east-1a", "us-east-1b"),
    ("11-get-cluster-yaml", "backupRetentionDays: 90", "backupRetentionDays: 9"),
    ("E09d-even-cp", "odd number", "even number"),
    ("20-dry-run-yaml", "maxSize: 1", "maxSize: 2"),
    ("E06-cluster-not-found-get", "nope", "hope"),
)


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A cluster that was created as the recorded one, by a kops that is started."""
    box = make_box(tmp_path_factory.mktemp("updated") / "box", started=True)
    box.env |= {"KOPS_BASE_URL": BASE_URL, "KOPS_RSA_PRIVATE_KEY_SIZE": "1024"}
    home = box.directory / "home"
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "id_ed25519.pub").write_text(PUBLIC_KEY)
    words = shlex.split(recording("02-create-cluster").cmd.replace(OPERATOR, str(home)))
    box.must(*words[1:])
    box.must("update", "cluster", "--name=demo.k8s.local", "--yes", "--admin")
    return box


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_a_changed_word_or_number_is_seen(name: str, old: str, new: str) -> None:
    text = (CAPTURES / name / "stdout").read_text() + (CAPTURES / name / "stderr").read_text()
    assert old in text
    assert normalise(text.replace(old, new)) != normalise(text)


def test_counts_and_zones_that_no_capture_has(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    zones = "eu-west-1a,eu-west-1b,eu-west-1c"
    done = box.kops(
        "create", "cluster", "--name=three.example.org", f"--zones={zones}",
        f"--control-plane-zones={zones}", "--node-count=5", "--cloud=aws", "--topology=private",
        "--bastion", "--networking=calico",
    )  # fmt: skip
    table = box.kops("get", "ig", "--name=three.example.org").stdout.splitlines()
    assert done.returncode == 0, done.stderr
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
    path = updated.directory / "home" / "kc"
    done = updated.kops(
        "export", "kubeconfig", "--name=demo.k8s.local", "--admin", f"--kubeconfig={path}"
    )
    assert done.returncode == 0
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

    assert (wrong.returncode, right.returncode) == (1, 0)
    assert len(list(tmp_path.glob("kops-edit-*yaml"))) == 1
    assert "maxSize: 7" in box.kops("get", "ig", "--name=demo.k8s.local", "-oyaml").stdout


def test_a_rotated_key_shows_when_it_was_distrusted(updated: Box, tmp_path: Path) -> None:
    box = updated.copy_to(tmp_path / "box")
    for verb in ("create", "promote", "distrust"):
        done = box.kops(verb, "keypair", "kubernetes-ca", "--name=demo.k8s.local")
        assert done.returncode == 0, done.stderr
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

    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{port}" not in (tmp_path / "kc").read_text()


def _is_api(path: Path) -> bool:
    return "port" in json.loads(path.read_text())
