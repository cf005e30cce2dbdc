import io
import json
import os
import platform
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kled.cli.terminal.downloads import DownloadLines
from kled.cli.terminal.streams import Terminal
from tests.forking import run_kled
from tests.unit.install.mirror import Mirror, running

KOPS = b"#!/bin/sh\necho Client version: 1.36.2\n"
NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
PLATFORM = f"{platform.system().lower()}-{NAMES.get(platform.machine(), 'amd64')}"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running() as found:
        yield found


@pytest.fixture
def env(tmp_path: Path, mirror: Mirror) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PATH": os.defpath, "KLED_KOPS_MIRROR": mirror.base}


def kled(*args: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run_kled("kops", "install", *args, env=env)


def test_a_release_is_installed_verified_and_in_use(env: dict[str, str], mirror: Mirror) -> None:
    mirror.publish("1.36.2", KOPS, platform=PLATFORM)

    done = kled("--version=1.36.2", "--output=json", env=env)

    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert (found["version"], found["outcome"], found["against"]) == (
        "1.36.2",
        "installed",
        "published",
    )
    assert Path(found["path"]).read_bytes() == KOPS
    assert stat.S_IMODE(Path(found["path"]).stat().st_mode) == 0o700
    assert "kops 1.36.2: 0.0 of 0.0 MB (100%)" in done.stderr


def test_the_latest_release_is_looked_up_and_what_to_type_next_is_said(
    env: dict[str, str], mirror: Mirror
) -> None:
    mirror.publish("1.36.2", KOPS, platform=PLATFORM)
    mirror.files["/stable.txt"] = b"1.36.2\n"

    done = kled("--version=latest", env=env)

    assert done.stdout.startswith("kops 1.36.2 installed: ")
    assert "next: kled doctor" in done.stderr
    assert done.returncode == 0


def test_a_lie_about_the_digest_installs_nothing(env: dict[str, str], mirror: Mirror) -> None:
    path = mirror.publish("1.36.2", KOPS, platform=PLATFORM)
    mirror.files[path] = b"something else"

    done = kled("--version=1.36.2", env=env)

    assert done.returncode == 1
    assert "hint: nothing was installed" in done.stderr
    assert not list(Path(env["HOME"]).rglob("kops/1.36.2/kops"))


def test_a_version_that_is_none_is_refused_before_any_call(
    env: dict[str, str], mirror: Mirror
) -> None:
    done = kled("--version=banana", env=env)

    assert done.returncode == 2
    assert "version: 'banana' is not a kops version" in done.stderr
    assert mirror.asked == []


def test_verifying_without_an_installed_kops_says_how_to_install_one(env: dict[str, str]) -> None:
    done = kled("--verify-only", env=env)

    assert done.returncode == 2
    assert "kled kops install" in done.stderr


def test_a_damaged_kops_does_not_verify(env: dict[str, str], mirror: Mirror) -> None:
    mirror.publish("1.36.2", KOPS, platform=PLATFORM)
    path = Path(json.loads(kled("--version=1.36.2", "-ojson", env=env).stdout)["path"])
    path.write_bytes(KOPS + b"\n")

    done = kled("--verify-only", env=env)

    assert done.returncode == 1


def test_a_kops_that_is_named_otherwise_is_pointed_out(env: dict[str, str], mirror: Mirror) -> None:
    mirror.publish("1.36.2", KOPS, platform=PLATFORM)

    done = kled("--version=1.36.2", env=env | {"KLED_KOPS": "/opt/kops"})

    assert "KLED_KOPS is set, so /opt/kops is driven" in done.stderr


def test_plain_progress_says_each_tenth_once_and_the_end() -> None:
    told = io.StringIO()
    lines = DownloadLines(Terminal(told), "kops 1.36.2")

    for done in range(0, 1001, 5):
        lines.update(done * 1000, 1_000_000)

    assert len(told.getvalue().splitlines()) == 11
    assert told.getvalue().endswith("kops 1.36.2: 1.0 of 1.0 MB (100%)\n")


def test_plain_progress_without_a_known_length_says_megabytes() -> None:
    told = io.StringIO()
    lines = DownloadLines(Terminal(told), "kops 1.36.2")

    for done in (0, 10_000_000, 30_000_000):
        lines.update(done, None)

    assert told.getvalue().splitlines() == ["kops 1.36.2: 0.0 MB", "kops 1.36.2: 30.0 MB"]
