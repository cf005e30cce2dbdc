"""What cannot be read is one row of a list, and the list is shown (faults 10, 11, 72)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.boxes import measured
from tests.forking import run_kled

Kled = Callable[..., CompletedProcess[str]]
CAPTURES = Path(__file__).parents[1] / "captures" / "kops" / "1.36.2"
ANSWERS = {
    "version*": "01-version",
    "get clusters --output*": "60b-get-clusters-unreadable",
    "get instancegroups --name=null*": "60d-get-ig-no-role",
    "get instancegroups --name=role*": "60e-get-ig-other-role",
    "get instancegroups --name=none*": "60f-get-ig-none",
    "get instancegroups --name=bad.*": "60h-get-all-unreadable",
    "get instancegroups --name=*": "60g-get-ig-unreadable",
    "get all --name=addon*": "60-get-all-additional-object",
}


@pytest.fixture
def kled(tmp_path: Path) -> Kled:
    """The command line with a kops that answers as the real one did."""
    cases = "\n".join(f"  {words.replace(' ', '?')}) c={name};;" for words, name in ANSWERS.items())
    program = tmp_path / "kops"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in\n{cases}\nesac\ncd {CAPTURES}/$c || exit 70\n'
        "cat stdout; cat stderr >&2; exit $(cut -d' ' -f1 rc)\n"
    )
    program.chmod(0o755)
    (tmp_path / "state").mkdir()
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "KLED_KOPS": str(program),
        "KOPS_STATE_STORE": (tmp_path / "state").as_uri(),
        "KLED_SNAPSHOT_STORE": (tmp_path / "snapshots").as_uri(),
        **measured(),
    }

    def call(*args: str) -> CompletedProcess[str]:
        return run_kled("kops", *args, env=env)

    return call


def test_an_unreadable_cluster_is_a_row_and_exit_status_1(kled: Kled) -> None:  # fault 11
    done = kled("get-clusters")

    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert rows["bad.example.com"] == rows["empty.example.com"] == "(unreadable)"
    assert rows["other.example.com"] == "(unreadable)"
    assert rows["staging.example.com"] == "aws"
    assert done.returncode == 1
    assert "3 of 11 clusters cannot be read" in done.stderr
    assert "bad.example.com: error parsing s3://kled-odd/bad.example.com/config" in done.stderr
    place = "kled snapshot restore --name={} --snapshot=latest"
    lines = [line for line in done.stderr.splitlines() if line.startswith("bad.example.com: ")]
    assert [place.format("bad.example.com") in line for line in lines] == [True]
    assert "Traceback" not in done.stderr


def test_the_problem_stands_in_json(kled: Kled) -> None:  # fault 11
    done = kled("get-clusters", "-o", "json")

    found = {one["name"]: one.get("problem") for one in json.loads(done.stdout)}
    assert "did not find expected node content" in found["bad.example.com"]
    assert found["staging.example.com"] is None
    assert done.returncode == 1


def test_groups_of_all_clusters_are_listed_though_some_cannot_be_read(kled: Kled) -> None:
    # faults 10, 72
    done = kled("get-instance-groups")

    assert done.returncode == 1
    lines = [line.split()[:3] for line in done.stdout.splitlines()]
    assert ["null.example.com", "nodes", "unknown"] in lines
    assert ["role.example.com", "nodes", "unknown"] in lines
    assert ["badgroup.example.com", "(unreadable)"] in [line[:2] for line in lines]
    assert "null.example.com: instance group nodes: has no role" in done.stderr
    assert "role.example.com: instance group nodes: role 'GPU' is not known" in done.stderr
    assert "badgroup.example.com: kops cannot read s3://kled-odd/badgroup." in done.stderr


def test_one_cluster_with_an_odd_group_is_shown(kled: Kled) -> None:  # fault 10
    done = kled("get-instance-groups", "--name=role.example.com")

    assert done.returncode == 0
    assert "role.example.com: instance group nodes: role 'GPU' is not known" in done.stderr


def test_a_definition_shows_its_additional_objects(kled: Kled) -> None:  # fault 10
    done = kled("get-clusters", "--name=addon.example.com", "-o", "json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["more"][0]["data"] == {"owner": "platform"}
