"""Definitions that cannot be read, or that kops refuses: its words, and never a Python error.

Faults 10, 11, 30, 63 and 78.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.desk import Desk
from tests.sandbox.recordings import recording

C, GROUP = "c.example.com", "nodes-us-east-1a"
CONFIG, NODES = f"{C}/config", f"{C}/instancegroup/{GROUP}"
DAMAGED = ["", "- a\n", "null\n", "kind: Cluster\nspec: [\n", "a: \0\n", "\0", "spec: {}\n"]
TYPED = "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\n"
VERBS = [
    ("update", "cluster"),
    ("validate", "cluster"),
    ("get", "instances"),
    ("get", "instancegroups"),
    ("get", "all"),
    ("rolling-update", "cluster"),
    ("delete", "cluster"),
    ("toolbox", "dump"),
    ("get", "keypairs"),
    ("upgrade", "cluster"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(C, "--node-count=1")
    return desk


def change(desk: Desk, **fields: Any) -> None:
    desk.edit(NODES, lambda document: document["spec"].update(fields))


@pytest.mark.parametrize("text", DAMAGED)
def test_a_cluster_that_cannot_be_read_vanishes_from_the_list(desk: Desk, text: str) -> None:
    desk.create("z.example.com")
    (desk.state / CONFIG).write_text(text)  # fault 11

    done = desk.run("get", "clusters")

    assert done.returncode == 0
    assert [row.split()[0] for row in done.stdout.splitlines()] == ["NAME", "z.example.com"]
    real = recording("T-bad-list").stderr
    frame = re.escape('cluster "') + r".*?" + re.escape('" found in state store listing, but ')
    assert not real or re.search(frame, real)
    assert f'cluster "{C}" found in state store listing, but cannot be loaded: ' in done.stderr
    assert f'error reading cluster configuration "{C}": error parsing ' in done.stderr


@pytest.mark.parametrize("words", VERBS)
@pytest.mark.parametrize("text", [*DAMAGED, TYPED, f"{TYPED}spec: null\n"])
def test_no_verb_ends_in_a_python_error(desk: Desk, words: tuple[str, str], text: str) -> None:
    for key in (CONFIG, NODES):
        whole = (desk.state / key).read_text()
        (desk.state / key).write_text(text)

        done = desk.run(*words, f"--name={C}")

        assert done.returncode in {0, 1}
        assert done.returncode == 0 or "Error: " in done.stderr
        (desk.state / key).write_text(whole)


def test_an_unreadable_group_hides_the_others(desk: Desk) -> None:  # fault 10
    (desk.state / NODES).write_text("a: [\n")

    done = desk.run("get", "instancegroups", f"--name={C}")

    assert done.returncode == 1
    assert f"error parsing {desk.state}/{NODES}: yaml: line " in done.stderr


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"minSize": 5, "maxSize": 1},
            "spec.maxSize: Forbidden: maxSize must be greater than or equal to minSize.",
        ),
        (
            {"role": "Banana"},
            (
                'spec.role: Unsupported value: "Banana": supported values: "ControlPlane", '
                '"APIServer", "Node", "Bastion"'
            ),
        ),
        ({"role": None}, "spec.role: Required value: Role must be set"),
    ],
)
def test_a_group_that_was_stored_wrong_stops_an_update(
    desk: Desk, fields: dict[str, Any], words: str
) -> None:
    change(desk, **fields)

    done = desk.run("update", "cluster", f"--name={C}")

    assert done.stderr.endswith(f"Error: failed validating input specs: {words}\n")


def test_a_group_is_checked_against_its_cluster(desk: Desk) -> None:
    change(desk, subnets=["nowhere"], maxPrice="0.05", warmPool={"minSize": 1})

    done = desk.run("update", "cluster", f"--name={C}")

    first = 'spec.networking.subnets[0]: Not found: "nowhere"'
    second = "spec.warmPool: Forbidden: warm pool cannot be used with spot instances"
    assert done.stderr.endswith(f"Error: [{first}, {second}]\n")


@pytest.mark.parametrize(
    ("kept", "word"), [((), ""), (("nodes",), "ControlPlane "), (("control",), "Node ")]
)
def test_a_cluster_needs_groups_of_both_kinds(desk: Desk, kept: tuple[str, ...], word: str) -> None:
    for path in (desk.state / C / "instancegroup").iterdir():
        if not path.name.startswith(kept or ("-",)):
            path.unlink()

    done = desk.run("update", "cluster", f"--name={C}")

    assert done.stderr.endswith(f"Error: must configure at least one {word}InstanceGroup\n")


def test_a_control_plane_s_group_has_one_machine(desk: Desk) -> None:
    name = "control-plane-us-east-1a"
    done = desk.run("edit", "ig", name, f"--name={C}", "--set=spec.maxSize=3")

    assert "controlPlane InstanceGroup must have maxSize set to 1" in done.stderr


def test_the_inner_name_of_a_role_is_read_and_stored_as_the_outer_one(desk: Desk) -> None:
    key = f"{C}/instancegroup/control-plane-us-east-1a"
    desk.edit(key, lambda document: document["spec"].update(role="ControlPlane"))  # fault 30

    desk.apply(C)
    desk.must("edit", "ig", "control-plane-us-east-1a", f"--name={C}", "--set=spec.image=ami-2")

    assert yaml.safe_load((desk.state / key).read_text())["spec"]["role"] == "Master"
    assert f"control-plane-us-east-1a.masters.{C}" in desk.machines(C).values()


def test_an_edit_with_a_key_twice_is_refused(desk: Desk, tmp_path: Path) -> None:  # fault 63
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/^  minSize: .*/  minSize: 1\\n  maxSize: 3/" "$1"\n')
    editor.chmod(0o755)
    before = (desk.state / NODES).read_text()

    done = desk.run(
        "edit", "ig", GROUP, f"--name={C}", env={"EDITOR": str(editor), "TMPDIR": str(tmp_path)}
    )

    assert done.returncode == 1
    form = re.sub(r'"line \d+"', '"line N"', done.stderr.splitlines()[-1])
    real = recording("T-edk-dup").stderr.strip()
    assert form == re.sub(r'"line \d+"', '"line N"', real)
    assert (desk.state / NODES).read_text() == before
