"""What kops says and does where a keyset or a secret is lost, damaged or refused.

Fault 1: with the authority gone an update makes another; and so it does where the authority is
there and cannot be read.
"""

from pathlib import Path

import pytest

from tests.sandbox.desk import Desk
from tests.sandbox.normalise import normalise
from tests.sandbox.recordings import differences, recording

F = "f.example.com"
KEYS = f"{F}/pki/private"
AUTHORITY = f"{KEYS}/kubernetes-ca/keyset.yaml"
HEADING = "Will create resources:"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(F, "--node-count=1")
    desk.apply(F)
    return desk


def created(preview: str) -> str:
    """The part of a preview that lists what would be made."""
    return normalise(preview.split(HEADING)[1].partition("Will modify")[0].strip())


def modified(preview: str) -> set[str]:
    rows = preview.split("Will modify resources:")[1].splitlines()
    return {row.strip() for row in rows if row.startswith("  ") and row[2] != "\t"}


def same_stderr(desk: Desk, capture: str) -> str:
    done, real = desk.replay(capture), recording(capture)
    assert sorted(normalise(done.stderr).splitlines()) == sorted(
        normalise(real.stderr).splitlines()
    )
    assert done.returncode == real.returncode
    return done.stdout


@pytest.mark.parametrize(
    "capture",
    ["N-ca-validate", "N-ca-instances", "N-ca-roll", "N-ca-export", "N-ca-rotate", "N-ca-promote"],
)
def test_without_an_authority_nothing_else_works(desk: Desk, capture: str) -> None:
    (desk.state / AUTHORITY).unlink()

    assert differences(desk.replay(capture), capture) == []


def test_a_lost_authority_is_made_anew_as_recorded(desk: Desk) -> None:  # fault 1
    before = (desk.state / AUTHORITY).read_text()
    (desk.state / AUTHORITY).unlink()

    preview = same_stderr(desk, "N-ca-prev")
    assert created(preview) == created(recording("N-ca-prev").stdout)
    assert modified(preview) <= modified(recording("N-ca-prev").stdout)
    assert "kubernetes-ca" not in desk.must("get", "keypairs", f"--name={F}")
    done = desk.run("update", "cluster", f"--name={F}", "--yes", "--create-kube-config=false")

    assert 'Issuing new certificate: "kubernetes-ca"' in done.stderr
    assert done.stderr.count("CA private key was not found") == 2
    assert (desk.state / AUTHORITY).read_text() != before


@pytest.mark.parametrize(
    ("text", "capture"), [("garbage: [\n", "N-ca-bad-prev"), ("", "N-ca-empty-prev")]
)
def test_a_damaged_authority_is_made_anew_too(desk: Desk, text: str, capture: str) -> None:
    (desk.state / AUTHORITY).write_text(text)  # fault 1: kops forgets that it could not read it

    preview = same_stderr(desk, capture)
    assert created(preview) == created(recording(capture).stdout)
    desk.apply(F)

    assert "kind: Keyset" in (desk.state / AUTHORITY).read_text()


@pytest.mark.parametrize(
    "text", ["[]", "kind: Keyset\nspec: null\n", "kind: Keyset\nspec: {keys: [null]}\n", "\0"]
)
def test_however_it_is_damaged(desk: Desk, text: str) -> None:  # fault 30
    (desk.state / AUTHORITY).write_text(text)

    assert "Keypair/kubernetes-ca" in desk.must("update", "cluster", f"--name={F}")
    listed = desk.run("get", "keypairs", f"--name={F}")
    assert listed.returncode == 0
    assert 'ignoring keyset "kubernetes-ca": error ' in listed.stderr


def test_a_damaged_authority_is_left_out_of_the_list(desk: Desk) -> None:
    (desk.state / AUTHORITY).write_text("")

    stdout = same_stderr(desk, "N-ca-empty-keypairs")

    names = [row.split()[0] for row in stdout.splitlines()]
    real = recording("N-ca-empty-keypairs").stdout.splitlines()
    assert names == [row.split()[0] for row in real]
    assert desk.run("validate", "cluster", f"--name={F}").stderr.endswith(
        "Error: validation failed: getting rest config: cannot find CA certificate\n"
    )


def test_a_lost_secret_and_service_accounts_key_are_made_anew(desk: Desk) -> None:
    (desk.state / KEYS / "service-account" / "keyset.yaml").unlink()
    (desk.state / F / "secrets" / "kube").unlink()

    preview = same_stderr(desk, "N-ca-secret-prev")

    assert created(preview) == created(recording("N-ca-secret-prev").stdout)


def test_any_other_keyset_that_is_damaged_stops_an_update(desk: Desk) -> None:
    (desk.state / KEYS / "etcd-clients-ca" / "keyset.yaml").write_text("garbage: [\n")

    done = desk.run("update", "cluster", f"--name={F}")

    assert done.returncode == 1
    assert "error parsing bundle" in done.stderr
    assert "etcd-clients-ca" in done.stderr


def test_names_of_a_kops_before_1_22_are_read_and_replaced_as_recorded(  # fault 8
    tmp_path: Path,
) -> None:
    desk, name = Desk(tmp_path / "old"), "old.example.com"
    desk.create(name, "--node-count=1")
    desk.apply(name)
    private = desk.state / name / "pki" / "private"
    for new, old in (("kubernetes-ca", "ca"), ("service-account", "master")):
        (private / new).rename(private / old)

    assert differences(desk.replay("N-lg-prev"), "N-lg-prev") == []
    same_stderr(desk, "N-lg-create-key")
    done = desk.run("update", "cluster", f"--name={name}", "--yes", "--create-kube-config=false")
    assert 'updated Keypair "service-account" to new format' in done.stderr
    assert "kubernetes-ca" not in done.stderr
    assert differences(desk.replay("N-lg-after"), "N-lg-after") == []

    listed = desk.replay("N-lg-keypairs-after").stdout.splitlines()
    real = recording("N-lg-keypairs-after").stdout.splitlines()
    assert [row.split()[0] for row in listed] == [row.split()[0] for row in real]


def test_an_etcd_of_ciliums_own_has_keys_of_its_own(desk: Desk) -> None:
    member = [{"instanceGroup": "control-plane-us-east-1a", "name": "a"}]
    etcd = {"name": "cilium", "etcdMembers": member}
    desk.edit(f"{F}/config", lambda document: document["spec"]["etcdClusters"].append(etcd))

    preview = desk.must("update", "cluster", f"--name={F}")

    made = {row.strip() for row in preview.splitlines() if row.startswith("  Keypair/")}
    names = ("etcd-clients-ca-cilium", "etcd-manager-ca-cilium", "etcd-peers-ca-cilium")
    assert made == {f"Keypair/{name}" for name in names}
