import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kled.sandbox import control
from tests.boxes import measured
from tests.forking import fork_kops, run_kled

Kled = Callable[..., "subprocess.CompletedProcess[str]"]
NAME = "--name=groups.example.com"
GROUP = "nodes-us-east-1a"


@pytest.fixture
def kled(tmp_path: Path) -> Kled:
    """The command line on a sandbox with one cluster, stored and applied."""
    control.start(tmp_path / "box", speed=600)
    fork_kops(tmp_path / "box")
    env = control.environment(tmp_path / "box", path=os.defpath) | measured()
    create = ["create", "cluster", NAME, "--zones=us-east-1a", "--cloud=aws", "--yes"]
    subprocess.run([env["KLED_KOPS"], *create], env=env, capture_output=True, check=True)

    def call(*args: str) -> "subprocess.CompletedProcess[str]":
        return run_kled("kops", *args, env=env)

    return call


def test_a_group_is_made_once_previewed_and_deleted(kled: Kled) -> None:
    make = ("create-instance-group", NAME, "--instance-group=spot", "--subnet=us-east-1a")
    gone = ("delete-instance-group", NAME, "--instance-group=spot")

    assert "stored" in kled(*make).stdout
    assert "already there" in kled(*make).stdout
    assert kled(*make, "--role=bastion").returncode == 1
    assert "preview only" in kled(*gone).stderr
    assert "spot" in kled("get-instance-groups", NAME).stdout
    assert "deleted" in kled(*gone, "--yes").stdout
    assert "spot" not in kled("get-instance-groups", NAME).stdout


def test_the_only_control_plane_stays(kled: Kled) -> None:
    done = kled("delete-instance-group", NAME, "--instance-group=control-plane-us-east-1a", "--yes")

    assert done.returncode == 1
    assert "is the only control plane" in done.stderr
    assert "hint: to delete the whole cluster" in done.stderr


def test_a_secret_is_stored_from_a_file_replaced_by_force_and_deleted(
    kled: Kled, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"auths": {"reg.example.com": {"auth": "aHVudGVyMg=="}}}')
    make = ("create-secret", "dockerconfig", NAME, f"--file={config}", "--verbose")
    gone = ("delete-secret", NAME, "--secret=dockerconfig")

    stored = kled(*make)
    assert stored.returncode == 0
    assert "aHVudGVyMg==" not in stored.stdout + stored.stderr
    assert kled(*make).returncode == 1
    assert kled(*make, "--force").returncode == 0
    assert "preview only" in kled(*gone).stderr
    assert kled(*gone, "--yes").returncode == 0
    assert "has no secret" in kled(*gone, "--yes").stderr


def test_a_secret_of_another_kind_or_without_a_file_is_refused(kled: Kled) -> None:
    assert kled("create-secret", "password", NAME, "--file=/etc/hostname").returncode == 2
    assert kled("create-secret", "dockerconfig", NAME, "--file=/nowhere").returncode == 2


def test_rolling_a_cluster_that_runs_what_it_should_does_nothing(kled: Kled) -> None:
    preview = kled("rolling-update", NAME, "--cloudonly", "--instance-group=nodes")
    done = kled("rolling-update", NAME, "--cloudonly", "--yes")

    assert "no machine needs an update" in preview.stderr
    assert "no machine needs to be replaced" in done.stdout
    assert kled("rolling-update", "--yes").returncode == 2


def test_sizes_that_nobody_set_are_shown_as_kops_does_and_stay_unset(kled: Kled) -> None:
    group = f"--instance-group={GROUP}"
    unset = ("edit-instance-group", NAME, group, "--unset=spec.minSize", "--unset=spec.maxSize")
    assert kled(*unset).returncode == 0  # fault 13, case 07

    (row,) = [line for line in shown(kled) if line.startswith(GROUP)]
    assert "  -    -  " in row, row
    assert '"min": null' in kled("get-instance-groups", NAME, "-o", "json").stdout
    assert (
        "the least number, 2, is above"
        in kled("scale-instance-group", NAME, group, "--max=1").stderr
    )
    fewer = kled("scale-instance-group", NAME, group, "--size=1")
    assert "next: kled kops scale-instance-group" in fewer.stderr  # what drains comes first
    assert kled(*unset).returncode == 0
    assert kled("scale-instance-group", NAME, group, "--max=4").returncode == 0
    (row,) = [line for line in shown(kled) if line.startswith(GROUP)]
    assert row.split()[-4:-2] == ["-", "4"]


def test_an_old_text_does_not_undo_what_somebody_changed(kled: Kled, tmp_path: Path) -> None:
    """The first text is exported before kops counts anything: it has no generation."""
    edit, text = ("edit-instance-group", NAME, f"--instance-group={GROUP}"), tmp_path / "nodes.json"
    (group,) = [
        one
        for one in json.loads(kled("get-clusters", NAME, "-ojson").stdout)["groups"]
        if one["metadata"]["name"] == GROUP
    ]
    assert "generation" not in group["metadata"]
    text.write_text(json.dumps({**group, "spec": {**group["spec"], "maxPrice": "0.5"}}))
    assert kled(*edit, "--set=spec.rootVolumeSize=60").returncode == 0

    done = kled(*edit, f"--file={text}")

    assert done.returncode == 1
    assert "with generation 0, and the stored one has generation 1" in done.stderr
    assert "snapshot" not in done.stdout + done.stderr
    text.write_text(json.dumps({**group, "metadata": {"name": GROUP}}))
    assert "spec.rootVolumeSize: 60 -> (none)" in kled(*edit, f"--file={text}").stdout


def shown(kled: Kled) -> list[str]:
    return kled("get-instance-groups", NAME).stdout.splitlines()
