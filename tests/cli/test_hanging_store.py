"""Commands at a store that hangs: they end in their time, and at once when told to (fault 100)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.boxes import measured
from tests.unit.storage.hanging import hanging

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
SNAPSHOTS = "--snapshot-store=s3://snapshots"
COMMANDS = {
    "list": ("snapshot", "list", SNAPSHOTS),
    "create": ("snapshot", "create", "--all", SNAPSHOTS, "--state=s3://state"),
    "mirror": ("snapshot", "mirror", SNAPSHOTS, "--to=s3://mirror"),
    "restore": (
        *("snapshot", "restore", "--name=c.example.com", "--snapshot=latest"),
        *(SNAPSHOTS, "--state=s3://state"),
    ),
}


def begun(name: str, url: str, home: Path) -> subprocess.Popen[str]:
    env = {
        "HOME": str(home),
        "PATH": os.defpath,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "kled", *COMMANDS[name]],
        env={**env, **measured()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_signal_ends_every_one_of_them_within_five_seconds(tmp_path: Path) -> None:
    with hanging() as url:
        asking = {name: begun(name, url, tmp_path) for name in COMMANDS}
        time.sleep(12)  # all wait for their first answer, on a machine that is busy, too
        for child in asking.values():
            assert child.poll() is None
            child.send_signal(signal.SIGTERM)
        told = time.monotonic()
        for name, child in asking.items():
            _, err = child.communicate(timeout=30)
            assert (child.returncode, "kled: terminated" in err) == (143, True), (name, err)
        assert time.monotonic() - told < 5


def test_without_one_they_give_up_in_a_known_time_and_say_why(tmp_path: Path) -> None:
    with hanging() as url:
        began = time.monotonic()
        asking = {name: begun(name, url, tmp_path) for name in ("list", "restore")}
        for name, child in asking.items():
            _, err = child.communicate(timeout=240)
            assert child.returncode == 1, (name, err)
            assert f"hint: look at {url}" in err, (name, err)
        assert time.monotonic() - began < 120
