"""Sandboxes with a snapshot store, and what `kled snapshot` answers in them."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.boxes import Box, make_box

C = "kept.example.com"
NAME = f"--name={C}"


def with_cluster(directory: Path) -> Box:
    box = make_box(directory / "box")
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    assert box.kops("create", "cluster", NAME, "--zones=us-east-1a", "--cloud=aws").returncode == 0
    return box


def made(box: Box, *args: str, **env: str) -> Any:
    return answer(box, "create", NAME, *args, **env)


def answer(box: Box, *args: str, **env: str) -> Any:
    done = snapshot(box, *args, "--output=json", **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def snapshot(box: Box, *args: str, **env: str) -> CompletedProcess[str]:
    return box.kled("snapshot", *args, env=env)
