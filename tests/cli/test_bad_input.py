import os
import stat
import subprocess
from pathlib import Path

import pytest

from kled.sandbox import control
from tests.boxes import measured
from tests.forking import fork_kops, run_kled

NAME = "--name=c.example.com"
CREATE = ("create-cluster", NAME, "--zones=us-east-1a")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    control.start(tmp_path / "box", speed=600)
    fork_kops(tmp_path / "box")
    return control.environment(tmp_path / "box", path=os.defpath) | measured()


def kled(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return run_kled("kops", *args, env=env)


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
    leases = Path(env["KOPS_STATE_STORE"].removeprefix("file://")) / ".kled" / "leases"
    assert not leases.exists()


def test_a_kops_that_is_too_old_changes_no_cluster(env: dict[str, str], tmp_path: Path) -> None:
    kops = Path(env["KLED_KOPS"])
    assert kled(env, *CREATE).returncode == 0
    old, before = tmp_path / "kops", stored(env)
    old.write_text(
        f'#!/bin/sh\n[ "$1" = version ] || exec {kops} "$@"\n'
        "echo 'Client version: 1.29.1 (git-abc)'\n"
    )
    old.chmod(0o755)

    for change in ("update-cluster", "delete-cluster"):
        done = kled(env | {"KLED_KOPS": str(old)}, change, NAME, "--yes")

        assert done.returncode == 1
        assert "kops 1.29.1 is too old" in said(done)
    assert stored(env) == before


def test_a_kops_newer_than_known_is_used_with_a_word_about_it(
    env: dict[str, str], tmp_path: Path
) -> None:
    new = tmp_path / "kops"
    said_version = "echo 'Client version: 1.99.0 (git-abc)'"
    new.write_text(
        f'#!/bin/sh\ntest "$1" = version && {said_version} && exit\nexec {env["KLED_KOPS"]} "$@"\n'
    )
    new.chmod(0o755)

    done = kled(env | {"KLED_KOPS": str(new)}, *CREATE)

    assert done.returncode == 0
    assert "newer than 1.36, the newest that kled was tested with" in done.stdout


@pytest.mark.parametrize("args", [("get-clusters",), CREATE])
@pytest.mark.parametrize(
    ("store", "code", "words"),
    [
        ("file:///nowhere/at/all", 1, "no"),
        ("ftp://bucket", 2, "state store: ftp://bucket is of no kind that kops knows"),
        ("bucket", 2, "state store: bucket is of no kind that kops knows"),
    ],
)
def test_a_state_store_that_is_none_is_refused_with_a_hint(
    env: dict[str, str], args: tuple[str, ...], store: str, code: int, words: str
) -> None:
    done = kled(env | {"KOPS_STATE_STORE": store}, *args)

    assert done.returncode == code
    assert done.stderr.startswith("kled: ")
    assert words in said(done)
    assert "hint: " in done.stderr
    assert not Path("/nowhere").exists()


def test_a_field_that_kops_does_not_know_is_refused_and_nothing_is_left(
    env: dict[str, str],
) -> None:
    done = kled(env, *CREATE, "--set=spec.kubernetesApiAcces=1")

    assert done.returncode == 2
    assert "spec.kubernetesApiAcces is not a field of a cluster" in said(done)
    assert "hint: did you mean spec.kubernetesApiAccess?" in done.stderr  # fault 66
    assert stored(env) == []


def test_a_file_that_is_no_yaml_names_the_line(env: dict[str, str], tmp_path: Path) -> None:
    assert kled(env, *CREATE).returncode == 0
    edited = tmp_path / "group.yaml"
    edited.write_text("kind: InstanceGroup\nspec: [\n")

    done = kled(env, "edit-instance-group", NAME, "--instance-group=nodes", f"--file={edited}")

    assert done.returncode == 2
    assert "kled: line 3: is no YAML: " in said(done)
    assert "hint: " in done.stderr


def test_a_kubeconfig_that_is_a_device_is_refused_before_it_is_read(env: dict[str, str]) -> None:
    assert kled(env, *CREATE).returncode == 0

    done = kled(env, "export-kubecfg", NAME, "--kubeconfig=/dev/zero")

    assert done.returncode == 2
    assert "/dev/zero is not a regular file" in said(done)
