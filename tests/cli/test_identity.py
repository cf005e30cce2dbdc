"""What a cluster is known by stays, whatever is typed: faults 1, 2, 4, 61 and 64 in a sandbox."""

import json
import shutil
from pathlib import Path

import pytest

from tests.boxes import Box, make_box

pytestmark = pytest.mark.slow
A, AU = "a.example.com", "a.example.com.au"
CA = "pki/private/kubernetes-ca/keyset.yaml"
PLANE = "--instance-group=control-plane-us-east-1a"


def make(box: Box, *names: str) -> None:
    for name in names:
        flags = ("--zones=us-east-1a", "--node-count=1", "--cloud=aws", "--yes")
        made = box.kled("kops", "create-cluster", f"--name={name}", *flags)
        assert made.returncode == 0, made.stderr


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = make_box(tmp_path / "box")
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    return box


def state(box: Box, name: str) -> Path:
    return box.directory / "state" / name


def test_a_lost_authority_is_restored_as_the_refusal_says(box: Box) -> None:
    """Fault 1."""
    make(box, A)
    original = (state(box, A) / CA).read_bytes()
    (state(box, A) / CA).unlink()
    applied = len([one for one in box.calls() if one.startswith("update cluster")])

    shown = box.kled("plan", f"--name={A}")
    assert shown.returncode == 6
    assert "kubernetes-ca" in shown.stderr
    for words in (
        ("update-cluster", "--yes"),
        ("update-cluster", "--yes", "--roll", "--no-snapshot"),
        ("rolling-update", "--yes"),
        ("reconcile-cluster", "--yes"),
        ("rotate-keypairs", "--phase=create", "--yes"),
        ("create-cluster", "--zones=us-east-1a", "--node-count=1", "--cloud=aws", "--yes"),
        ("scale-instance-group", "--instance-group=nodes", "--size=2", "--yes"),
    ):
        refused = box.kled("kops", words[0], f"--name={A}", *words[1:])
        assert refused.returncode == 6, (words, refused.stderr)
        assert "kubernetes-ca" in refused.stderr
    preview = box.kled("kops", "rolling-update", f"--name={A}")
    assert (preview.returncode, "kubernetes-ca" in preview.stderr) == (6, True)
    for command in ("validate-cluster", "export-kubecfg"):
        told = box.kled("kops", command, f"--name={A}")
        assert told.returncode == 6
        assert "was never applied" not in told.stderr
        assert "lost its keyset kubernetes-ca" in told.stderr
    assert not (state(box, A) / CA).exists()
    now = [one for one in box.calls() if one.startswith("update cluster")]
    assert not [one for one in now[applied:] if "--yes=true" in one]

    restore = refused.stderr.partition("with kled ")[2].partition(";")[0].split()
    assert box.kled(*restore).returncode == 0
    assert (state(box, A) / CA).read_bytes() == original
    assert box.kled("kops", "update-cluster", f"--name={A}", "--yes").returncode == 0


def test_a_lost_secret_is_restored_as_every_refusal_says(box: Box) -> None:
    make(box, A)
    secret = state(box, A) / "secrets" / "admin"
    original = secret.read_bytes()
    secret.unlink()

    for words in (
        ("update-cluster",),
        ("update-cluster", "--yes"),
        ("update-cluster", "--yes", "--no-snapshot"),
        ("rolling-update",),
        ("rolling-update", "--yes"),
        ("reconcile-cluster", "--yes"),
        ("scale-instance-group", "--instance-group=nodes", "--size=2", "--yes"),
    ):
        refused = box.kled("kops", words[0], f"--name={A}", *words[1:])
        assert refused.returncode == 6, (words, refused.stderr)
        assert "lives by admin" in refused.stderr, (words, refused.stderr)
        assert "--class=identity" in refused.stderr, (words, refused.stderr)
        assert "to go on all the same" not in refused.stderr, words
    assert box.kled("plan", f"--name={A}").returncode == 6

    restore = refused.stderr.partition("with kled ")[2].partition(";")[0].split()
    assert box.kled(*restore).returncode == 0
    assert secret.read_bytes() == original


def test_a_cluster_that_is_lost_as_a_whole_is_not_put_back_in_part(box: Box) -> None:
    make(box, A)
    shutil.rmtree(state(box, A))

    for words in (("update-cluster",), ("update-cluster", "--yes"), ("rolling-update", "--yes")):
        refused = box.kled("kops", words[0], f"--name={A}", *words[1:])
        assert refused.returncode != 0
        assert "--class=identity" not in refused.stderr, refused.stderr
        assert f"kled snapshot restore --name={A}" in refused.stderr, refused.stderr


def test_an_authority_that_a_bare_kops_made_is_not_rolled_out(box: Box) -> None:
    """Fault 1: the plan recommended the roll, and a snapshot of it became the latest."""
    make(box, A)
    original = (state(box, A) / CA).read_bytes()
    (state(box, A) / CA).unlink()
    bare = box.kops("update", "cluster", f"--name={A}", "--yes")
    assert bare.returncode == 0, bare.stderr
    assert (state(box, A) / CA).read_bytes() != original

    shown = box.kled("plan", f"--name={A}")
    assert shown.returncode == 6
    assert "kubernetes-ca" in shown.stderr
    assert "machines need a roll" not in shown.stderr
    taken = box.kled("snapshot", "create", f"--name={A}")
    assert taken.returncode == 4
    assert "keysets have other keys than in snapshot" in taken.stdout + taken.stderr
    for words in (
        ("rolling-update",),
        ("reconcile-cluster",),
        ("upgrade-cluster",),
        ("rotate-keypairs", "--phase=create"),
    ):
        preview = box.kled("kops", words[0], f"--name={A}", *words[1:])
        assert preview.returncode == 6, words
        assert "preview only" not in preview.stderr
    for command, *options in (("update-cluster", "--yes", "--roll"), ("rolling-update", "--yes")):
        refused = box.kled("kops", command, f"--name={A}", *options)
        assert refused.returncode == 6, (command, refused.stderr)
        assert "kubernetes-ca" in refused.stderr

    restore = refused.stderr.partition("with kled ")[2].partition(";")[0].split()
    assert box.kled(*restore).returncode == 0
    assert (state(box, A) / CA).read_bytes() == original
    mended = box.kled("kops", "update-cluster", f"--name={A}", "--yes")
    assert mended.returncode == 0, mended.stderr
    assert box.kled("plan", f"--name={A}").returncode in {0, 3}


def test_the_authority_of_another_cluster_is_refused_and_anew_only_by_name(box: Box) -> None:
    """Fault 1: the keyset of another cluster, copied over the lost one."""
    make(box, A, AU)
    foreign = (state(box, AU) / CA).read_bytes()
    (state(box, A) / CA).write_bytes(foreign)

    refused = box.kled("kops", "update-cluster", f"--name={A}", "--yes")
    assert refused.returncode == 6
    assert f"--new-identity={A}" in refused.stderr
    assert box.kled("snapshot", "create", "--all").returncode == 4

    anew = box.kled("kops", "update-cluster", f"--name={A}", "--yes", f"--new-identity={A}")
    assert anew.returncode == 0, anew.stderr
    assert box.kled("snapshot", "create", "--all").returncode == 0
    assert box.kled("kops", "update-cluster", f"--name={A}", "--yes").returncode == 0
    assert (state(box, A) / CA).read_bytes() == foreign


def test_a_new_identity_is_only_what_is_typed_with_the_clusters_name(box: Box) -> None:
    make(box, A)
    original = (state(box, A) / CA).read_bytes()
    (state(box, A) / CA).unlink()

    other = box.kled("kops", "update-cluster", f"--name={A}", "--yes", f"--new-identity={AU}")
    assert other.returncode == 6

    words = ("--yes", "--no-snapshot", f"--new-identity={A}", "--output=json")
    done = box.kled("kops", "update-cluster", f"--name={A}", *words)
    assert done.returncode == 0, done.stderr
    assert "NEW IDENTITY, as asked for: kubernetes-ca" in done.stdout
    assert (state(box, A) / CA).read_bytes() != original


def test_a_deleted_name_may_be_used_again_and_its_keys_are_new(box: Box) -> None:
    make(box, A)
    original = (state(box, A) / CA).read_bytes()
    gone = box.kled("kops", "delete-cluster", f"--name={A}", "--yes")
    assert gone.returncode == 0, gone.stderr

    make(box, A)

    assert (state(box, A) / CA).read_bytes() != original


def test_a_copied_definition_reaches_nothing_of_the_cluster_it_names(box: Box) -> None:
    """Fault 2, case 04."""
    make(box, A, "b.example.com")
    config = state(box, "b.example.com") / "config"
    root = str(box.directory / "state")
    config.write_text(config.read_text().replace(f"{root}/b.example.com", f"{root}/{A}"))
    before = {key: body for key, body in box.state().items() if key.startswith(f"{A}/")}

    for words in (
        ("update-cluster", "--yes"),
        ("delete-cluster", "--yes", "--no-snapshot"),
        ("delete-cluster", "--yes", "--unregister", "--no-snapshot"),
    ):
        refused = box.kled("kops", words[0], "--name=b.example.com", *words[1:])
        assert refused.returncode == 6, refused.stderr
        assert f'cluster "{A}"' in refused.stderr
        assert "mend spec.configBase first" in refused.stderr
    taken = box.kled("snapshot", "create", "--name=b.example.com", "--output=json")
    assert json.loads(taken.stdout)["level"] == 0
    assert {key: body for key, body in box.state().items() if key.startswith(f"{A}/")} == before


def test_a_neighbour_keeps_its_queue_until_it_is_named(box: Box) -> None:
    """Fault 61."""
    make(box, A, AU)

    shown = box.kled("kops", "delete-cluster", f"--name={A}")
    assert f"(NOT ITS OWN: of {AU} in " in shown.stdout
    refused = box.kled("kops", "delete-cluster", f"--name={A}", "--yes")
    assert (shown.returncode, refused.returncode) == (6, 6)
    assert "a-example-com-au-nth" in refused.stderr or f"{AU}-ASGLifecycle" in refused.stderr
    clean = box.kled("plan", f"--name={AU}")
    assert clean.returncode == 0, clean.stdout

    named = f"--with-resources-of={AU}"
    gone = box.kled("kops", "delete-cluster", f"--name={A}", "--yes", named)
    assert gone.returncode == 0, gone.stderr
    assert box.kled("plan", f"--name={AU}").returncode == 3
    again = next(
        line.removeprefix("next: kled ") for line in gone.stderr.splitlines() if "next: " in line
    )
    assert box.kled(*again.split()).returncode == 0
    assert box.kled("plan", f"--name={AU}").returncode == 0


def test_no_path_of_the_command_line_ends_the_control_plane_or_moves_an_object(box: Box) -> None:
    """Faults 4 and 64."""
    make(box, A)
    before = box.state()
    name = f"--name={A}"
    for words, code in (
        (("scale-instance-group", name, PLANE, "--size=0"), 6),
        (("scale-instance-group", name, PLANE, "--size=0", "--yes"), 1),
        (("edit-instance-group", name, PLANE, "--min=0", "--max=0"), 6),
        (("edit-instance-group", name, PLANE, "--set=spec.minSize=0"), 6),
        (("edit-instance-group", name, PLANE, "--set=spec/maxSize=0"), 6),
        (("edit-instance-group", name, PLANE, "--set=spec.role=Node"), 2),
        (("edit-instance-group", name, PLANE, "--set=metadata.name=x"), 2),
        (("create-cluster", "--name=n.example.com", "--zones=us-east-1a",
          "--set=metadata.name=other.example.com"), 2),
        (("create-cluster", "--name=n.example.com", "--zones=us-east-1a",
          "--set=spec.configStore.base=s3://x"), 2),
    ):  # fmt: skip
        done = box.kled("kops", *words)
        assert done.returncode == code, (words, done.stderr)
    assert box.state() == before

    group = state(box, A) / "instancegroup" / "control-plane-us-east-1a"
    shrunk = (
        group.read_text().replace("maxSize: 1", "maxSize: 0").replace("minSize: 1", "minSize: 0")
    )
    group.write_text(shrunk)  # somebody edited it with kops
    refused = box.kled("kops", "update-cluster", name, "--yes")
    assert refused.returncode == 6, refused.stderr
    assert "ends machines of the control plane" in refused.stderr


PREVIEWS = (
    ("kops", "update-cluster"),
    ("kops", "reconcile-cluster"),
    ("kops", "upgrade-cluster"),
    ("kops", "rolling-update", "--cloudonly"),
    ("kops", "rotate-keypairs", "--phase=create"),
    ("kops", "create-cluster", "--zones=us-east-1a", "--node-count=1", "--cloud=aws"),
    ("plan",),
)


@pytest.mark.parametrize("key", [CA, "secrets/kube"])
def test_every_preview_over_a_damaged_key_ends_as_the_change_does(box: Box, key: str) -> None:
    """K4: kops' own error and exit 1, or a green preview of what then ended with 4."""
    make(box, A)
    original = (state(box, A) / key).read_bytes()
    (state(box, A) / key).write_bytes(original[:20])
    called = len(box.calls())

    for words in PREVIEWS:
        shown = box.kled(*words, f"--name={A}")
        assert shown.returncode == 6, (words, shown.stderr)
        assert f"cannot live by what is stored as its keys and secrets: {key}" in " ".join(
            shown.stderr.split()
        )
    done = box.kled("kops", "update-cluster", f"--name={A}", "--yes")
    deletion = box.kled("kops", "delete-cluster", f"--name={A}")

    assert done.returncode == 6
    assert deletion.returncode == 4
    assert "no snapshot of what is there now can bring the cluster back: " in deletion.stderr
    assert key in deletion.stderr
    asked = ("update cluster", "reconcile cluster", "rolling-update", "upgrade")
    assert not [one for one in box.calls()[called:] if one.startswith(asked)]
