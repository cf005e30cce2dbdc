"""Disks that are full or read-only: one clear line, nothing lost, and the next run goes on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.boxes import Box

CREATE = ("kops", "create-cluster", "--name=c.example.com", "--zones=us-east-1a", "--yes")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 KiB; only root may make one."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no small file system can be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def create(box: Box, store: Path) -> "subprocess.CompletedProcess[str]":
    kubeconfig = f"--kubeconfig={box.directory / 'kubeconfig'}"
    return box.kled(*CREATE, kubeconfig, env={"KOPS_STATE_STORE": store.as_uri()})


def test_a_state_store_that_fills_up_is_named_and_the_next_run_goes_on(
    box: Box, small: Path
) -> None:
    full = create(box, small)

    assert full.returncode == 1
    assert f"kled: kops cannot write {small}" in full.stderr
    assert "no space left on device" in full.stderr
    assert "hint: free space" in full.stderr
    assert "Traceback" not in full.stderr

    remount(small, "size=16m")
    assert create(box, small).returncode == 0


def test_a_read_only_state_store_is_named_before_anything_is_changed(box: Box, small: Path) -> None:
    remount(small, "ro")

    refused = create(box, small)

    assert refused.returncode == 1
    assert "read-only file system" in refused.stderr
    assert "hint: it is mounted read-only: findmnt --target" in refused.stderr
    assert "a change needs to write to the state store" in refused.stderr
    assert list(small.iterdir()) == []
    assert box.calls() == ["version"]


def test_a_kubeconfig_on_a_full_disk_leaves_the_old_one(box: Box, small: Path) -> None:
    assert create(box, box.directory / "state").returncode == 0
    target = small / "kubeconfig"
    target.write_text("apiVersion: v1\nkind: Config\n")
    before = target.read_bytes()
    with (small / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)

    done = box.kled("kops", "export-kubecfg", "--name=c.example.com", f"--kubeconfig={target}")

    assert done.returncode == 1
    assert "no space left on device" in done.stderr
    assert "hint: free space" in done.stderr
    assert target.read_bytes() == before
    assert sorted(one.name for one in small.iterdir()) == ["filler", "kubeconfig"]


def test_results_that_cannot_be_written_are_told_in_one_line(box: Box) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kled", "kops", "get-clusters", "-ojson"],
            env=box.env | {"PATH": os.defpath},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        "kled: cannot write the output: no space left on device",
        "hint: free space, or mend the disk",
    ]
