import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kled.sandbox import control
from tests.boxes import measured
from tests.forking import fork_kops, run_kled

Kled = Callable[..., "subprocess.CompletedProcess[str]"]
NAME = "--name=changes.example.com"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A sandbox with one stored cluster of two nodes."""
    control.start(tmp_path / "box", speed=600)
    fork_kops(tmp_path / "box")
    found = control.environment(tmp_path / "box", path=os.defpath) | measured()
    create = ["create", "cluster", NAME, "--zones=us-east-1a", "--node-count=2", "--cloud=aws"]
    subprocess.run([found["KLED_KOPS"], *create], env=found, capture_output=True, check=True)
    return found


@pytest.fixture
def kled(env: dict[str, str]) -> Kled:
    def call(*args: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return run_kled("kops", *args, env=env | more)

    return call


def clusters(kled: Kled) -> list[str]:
    return [one["name"] for one in json.loads(kled("get-clusters", "-ojson").stdout)]


def test_deleting_previews_first_and_then_deletes_with_a_loud_line(kled: Kled) -> None:
    preview = kled("delete-cluster", NAME)
    assert preview.returncode == 0
    assert f"kled kops delete-cluster {NAME} --yes" in preview.stderr
    assert clusters(kled) == ["changes.example.com"]

    done = kled("delete-cluster", NAME, "--yes")

    assert done.returncode == 0
    assert "NO SNAPSHOT is taken" in done.stdout
    assert clusters(kled) == []
    assert kled("delete-cluster", NAME, "--yes").returncode == 1


def test_a_list_of_an_empty_state_store_names_what_snapshots_know(
    kled: Kled, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    kept = {"KLED_SNAPSHOT_STORE": f"file://{tmp_path}/kept"}
    assert "create one with" not in kled("get-clusters", **kept).stderr
    assert run_kled("snapshot", "create", "--all", env=env | kept).returncode == 0
    subprocess.run(
        [env["KLED_KOPS"], "delete", "cluster", NAME, "--yes"],
        env=env,
        capture_output=True,
        check=True,
    )

    done = kled("get-clusters", **kept)

    assert done.returncode == 0
    assert "no clusters; snapshots know changes.example.com, and kled did not" in done.stderr
    assert "no clusters; create one with" in kled("get-clusters").stderr


def test_deleting_never_guesses_which_cluster(kled: Kled) -> None:
    done = kled("delete-cluster", "--yes")

    assert done.returncode == 2
    assert "--name: is needed: the state store has changes.example.com" in done.stderr
    assert clusters(kled) == ["changes.example.com"]


@pytest.mark.parametrize(
    "more", [(), ("--confirm=other.example.com",), ("--confirm=changes.example.com",)]
)
def test_a_protected_cluster_stays_without_its_name_and_a_snapshot(
    kled: Kled, more: tuple[str, ...]
) -> None:
    done = kled("delete-cluster", NAME, "--yes", *more, KLED_PROTECTED="prod-*, changes*")

    assert done.returncode == 6
    assert "hint: " in done.stderr
    assert clusters(kled) == ["changes.example.com"]


def test_a_protected_cluster_goes_where_both_are_said(kled: Kled) -> None:
    done = kled(
        "delete-cluster",
        NAME,
        "--yes",
        "--confirm=changes.example.com",
        "--no-snapshot",
        KLED_PROTECTED="changes*",
    )

    assert done.returncode == 0
    assert clusters(kled) == []


def test_scaling_by_the_start_of_a_name_says_which_group_is_meant(kled: Kled) -> None:
    done = kled("scale-instance-group", NAME, "--instance-group=nodes", "--size=3")

    assert done.returncode == 0
    assert '"nodes" is the instance group "nodes-us-east-1a"' in done.stderr
    assert "spec.maxSize: 2 -> 3; spec.minSize: 2 -> 3" in done.stdout
    assert f"next: kled kops update-cluster {NAME}" in done.stderr


def test_scaling_to_what_it_is_changes_nothing(kled: Kled) -> None:
    done = kled("scale-instance-group", NAME, "--instance-group=nodes", "--size=2")

    assert "no change: it says so already" in done.stdout
    assert "next:" not in done.stderr


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("scale-instance-group", "--min=5"), 2, "is above the greatest"),
        (("scale-instance-group",), 2, "give either --size"),
        (("edit-instance-group", "--set=spec.noSuch=1"), 2, "spec.noSuch is not a field"),
        (("edit-instance-group", "--set=spec.rootVolume.size=9"), 2, "is spec.rootVolumeSize"),
        (("edit-instance-group", "--max=3", "--file=x"), 2, "cannot be combined"),
        (("edit-instance-group", "--file=/dev/null"), 2, "is empty, or holds comments"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    kled: Kled, args: tuple[str, ...], code: int, words: str
) -> None:
    command, *options = args

    done = kled(command, NAME, "--instance-group=nodes", *options)

    assert done.returncode == code
    assert words in done.stderr


def test_a_group_that_is_not_there_is_answered_with_those_that_are(kled: Kled) -> None:
    done = kled("scale-instance-group", NAME, "--instance-group=spot", "--size=1")

    assert done.returncode == 1
    assert "hint: the groups are control-plane-us-east-1a, nodes-us-east-1a" in done.stderr


def test_an_edit_that_is_no_yaml_is_kept_and_can_be_resumed(kled: Kled, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho ": [" >> "$1"\n')
    editor.chmod(0o755)

    done = kled("edit-instance-group", NAME, "--instance-group=nodes", EDITOR=str(editor))

    assert done.returncode == 2
    (kept,) = (tmp_path / "box").rglob("edits/*.yaml")
    assert f"--file={kept}" in done.stderr
    assert kept.read_text().endswith(": [\n")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_an_edit_of_another_object_is_refused_and_kept(kled: Kled, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/name: nodes.*/name: others/" "$1"\n')
    editor.chmod(0o755)

    done = kled("edit-instance-group", NAME, "--instance-group=nodes", EDITOR=str(editor))

    assert done.returncode == 2
    assert "metadata.name: must stay" in done.stderr
    assert "your edit is kept in" in done.stderr


def test_leaving_the_editor_without_a_change_keeps_nothing(kled: Kled, tmp_path: Path) -> None:
    done = kled("edit-instance-group", NAME, "--instance-group=nodes", EDITOR="true")

    assert done.returncode == 0
    assert "nothing was changed" in done.stderr
    assert list((tmp_path / "box").rglob("edits/*.yaml")) == []


def test_a_cluster_is_edited_as_a_group_is(kled: Kled, tmp_path: Path) -> None:  # fault 25
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/channel: .*/channel: alpha/' \"$1\"; exit $CODE\n")
    editor.chmod(0o755)

    broken_off = kled("edit-cluster", NAME, EDITOR=str(editor), CODE="1")

    (kept,) = (tmp_path / "box").rglob("edits/*.yaml")
    assert broken_off.returncode == 1
    assert f"kled kops edit-cluster {NAME} --file={kept}" in broken_off.stderr
    assert kept.read_text().startswith("# Cluster changes.example.com.\n")
    resumed = kled("edit-cluster", NAME, f"--file={kept}")
    assert (resumed.returncode, "spec.channel: stable -> alpha" in resumed.stdout) == (0, True)
    assert f"next: kled kops update-cluster {NAME}" in resumed.stderr

    edited = kled("edit-cluster", NAME, EDITOR=str(editor), CODE="0")

    assert "nothing was changed" in edited.stderr  # it says so already


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty, or holds comments alone"),
        ("kind: InstanceGroup\n", "apiVersion: is missing; it is"),
        ("a: 1\na: 2\n", "line 2: key 'a' stands twice"),
        (None, "cannot be combined with --set and --unset"),
    ],
)
def test_a_file_that_is_no_such_cluster_is_refused(
    kled: Kled, tmp_path: Path, text: str | None, words: str
) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text or "")
    more = () if text is not None else ("--set=spec.channel=alpha",)

    done = kled("edit-cluster", NAME, f"--file={file}", *more)

    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_a_state_store_is_checked_and_remembered(kled: Kled, env: dict[str, str]) -> None:
    done = kled("configure-state-store", "--region=eu-west-1", "-ojson")

    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["state_store"] == env["KOPS_STATE_STORE"]
    assert "danger" not in {one["severity"] for one in found["findings"]}
    kept = (Path(env["HOME"]) / ".config" / "kled" / "config.toml").read_text()
    assert f'default-state-store = "{env["KOPS_STATE_STORE"]}"' in kept
    assert 'region = "eu-west-1"' in kept


@pytest.mark.slow
def test_an_update_is_shown_with_whom_it_touches_and_applied_by_its_digest(kled: Kled) -> None:
    assert kled("update-cluster", NAME, "--yes").returncode == 0
    group = "--instance-group=nodes-us-east-1a"
    kled("edit-instance-group", NAME, group, "--set=spec.machineType=t3.large")

    shown = kled("update-cluster", NAME)
    digest = shown.stderr.rpartition("--digest=")[2].strip()
    typo = kled("update-cluster", NAME, "--yes", "--digest=0b5a")
    done = kled("update-cluster", NAME, "--yes", f"--digest={digest}", "--output=json")

    assert re.search(r"machines that roll +2 of nodes-us-east-1a \(node\)", shown.stdout)
    assert re.search(r"load balancers of the cloud +none", shown.stdout)
    assert typo.returncode == 2
    assert "is not 12 to 64 hexadecimal digits" in typo.stderr
    steps = {one["step"]: one["words"] for one in json.loads(done.stdout)["steps"]}
    assert steps["check approval"] == f"the plan is still the one with the digest {digest}"
    assert steps["update cluster"] == "applied: 1 to modify"


def test_an_upgrade_is_checked_before_it_is_previewed_and_names_its_whole_next_command(
    kled: Kled,
) -> None:  # fault 65
    upgrade = ("upgrade-cluster", NAME)

    for version, status, problem in (
        ("1.35.0", 1, "would be a downgrade"),
        ("foo", 2, "'foo' is not a version"),
    ):
        refused = kled(*upgrade, f"--kubernetes-version={version}")
        assert refused.returncode == status, refused.stderr
        assert problem in refused.stderr
    preview = kled(*upgrade, "--kubernetes-version=1.36.9")
    assert f"kled kops upgrade-cluster {NAME} --kubernetes-version=1.36.9 --yes" in preview.stderr


def test_an_upgrade_drops_no_field_that_this_kops_does_not_know(
    kled: Kled, env: dict[str, str]
) -> None:  # fault 13
    config = (
        Path(env["KOPS_STATE_STORE"].removeprefix("file://")) / "changes.example.com" / "config"
    )
    config.write_text(config.read_text().replace("spec:\n", "spec:\n  flux: {capacitor: 3}\n", 1))
    upgrade = ("upgrade-cluster", NAME, "--kubernetes-version=1.36.9")

    refused = kled(*upgrade, "--yes")
    assert refused.returncode == 1
    assert "does not know spec.flux of cluster" in refused.stderr
    assert "flux" in config.read_text()
    assert "--give-up=spec.flux --yes" in kled(*upgrade, "--give-up=spec.flux").stderr


def test_fields_are_set_by_the_names_that_are_shown(kled: Kled) -> None:  # fault 66
    edit = ("edit-instance-group", NAME, "--instance-group=nodes")
    done = kled(*edit, "--set=spec.rootVolumeSize=60", "--set=spec.nodeLabels.a-b.io/c.d=x")

    assert done.returncode == 0, done.stderr
    assert "spec.rootVolumeSize: (none) -> 60" in done.stdout
    assert "spec.nodeLabels.a-b.io/c.d: (none) -> x" in done.stdout
    done = kled(*edit, "--unset=spec.nodeLabels.a-b.io/c.d", "--unset=spec.rootVolumeType")
    assert "spec.nodeLabels.a-b.io/c.d: x -> (none)" in done.stdout
    assert "spec.rootVolumeSize" not in done.stdout
    done = kled("edit-cluster", NAME, "--set=spec.masterKubelet.maxPods=90")
    assert "spec.masterKubelet.maxPods: (none) -> 90" in done.stdout
    assert f"next: kled kops update-cluster {NAME}" in done.stderr
