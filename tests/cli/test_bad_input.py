import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kled.sandbox import control

NAME = "--name=c.example.com"
CREATE = ("create-cluster", NAME, "--zones=us-east-1a")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    control.start(tmp_path / "box", speed=600)
    return control.environment(tmp_path / "box", path=os.defpath)


def kled(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kled", "kops", *args],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def stored(env: dict[str, str]) -> list[str]:
    state = Path(env["KOPS_STATE_STORE"].removeprefix("file://"))
    return [path.name for path in state.iterdir() if path.name != ".kled"]


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_kops_says_how_to_install_one(env: dict[str, str], tmp_path: Path) -> None:
    without = {k: v for k, v in env.items() if k != "KLED_KOPS"} | {"PATH": str(tmp_path)}

    done = kled(without, "get-clusters")

    assert done.returncode == 2
    assert "kled kops install --version=latest" in said(done)


def test_no_state_store_says_how_to_name_one(env: dict[str, str]) -> None:
    without = {k: v for k, v in env.items() if k != "KOPS_STATE_STORE"}

    done = kled(without, "get-clusters")

    assert done.returncode == 2
    assert "no state store is named" in said(done)
    assert "configure-state-store" in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("get-clusters", NAME),
        ("get-instance-groups", NAME),
        ("update-cluster", NAME),
        ("validate-cluster", NAME),
        ("delete-cluster", NAME, "--yes"),
        ("edit-instance-group", NAME, "--instance-group=nodes", "--max=3"),
    ],
)
def test_an_absent_cluster_is_named_with_a_hint(env: dict[str, str], args: tuple[str, ...]) -> None:
    done = kled(env, *args)

    assert done.returncode == 1
    assert 'kled: there is no cluster "c.example.com"' in said(done)
    assert "hint: kled kops get-clusters" in done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("create-cluster", "--name=nodots", "--zones=us-east-1a"), "--name"),
        (("create-cluster", "--name=Bad_Name.com", "--zones=us-east-1a"), "--name"),
        (("create-cluster", NAME, "--zones=fsn1", "--cloud=aws"), "--zones"),
        ((*CREATE, "--control-plane-count=2"), "--control-plane-count"),
        ((*CREATE, "--kubernetes-version=bananas"), "--kubernetes-version"),
        ((*CREATE, "--set=nothing"), "--set"),
        ((*CREATE, "--cloud=linode"), "--cloud"),
        ((*CREATE, "--bananas"), "--bananas"),
    ],
)
def test_what_was_typed_wrong_is_named_and_nothing_is_stored(
    env: dict[str, str], args: tuple[str, ...], words: str
) -> None:
    done = kled(env, *args)

    assert done.returncode == 2
    assert words in said(done)
    assert stored(env) == []


def test_another_definition_of_a_stored_cluster_names_what_differs(env: dict[str, str]) -> None:
    assert kled(env, *CREATE).returncode == 0

    done = kled(env, *CREATE, "--node-count=3")

    assert done.returncode == 1
    assert "spec.maxSize" in said(done)
    assert "hint: " in done.stderr


def test_an_unknown_variable_is_refused_with_the_nearest_one(env: dict[str, str]) -> None:
    done = kled(env | {"KLED_LEASE_WIAT": "3"}, "get-clusters")

    assert done.returncode == 2
    assert "did you mean KLED_LEASE_WAIT?" in said(done)


def test_a_kops_that_is_too_old_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    old = tmp_path / "kops"
    old.write_text("#!/bin/sh\necho 'Client version: 1.20.0 (git-abc)'\n")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)

    done = kled(env | {"KLED_KOPS": str(old)}, *CREATE)

    assert done.returncode == 1
    assert "kops 1.20.0 is too old" in said(done)
    assert stored(env) == []


def test_the_shell_completes_commands(env: dict[str, str]) -> None:
    words = {"COMP_WORDS": "kled kops del", "COMP_CWORD": "2", "_KLED_COMPLETE": "bash_complete"}

    done = subprocess.run(
        [sys.executable, "-c", "from kled.cli.app import ROOT; ROOT.main(prog_name='kled')"],
        env=env | words,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "delete-cluster" in done.stdout
