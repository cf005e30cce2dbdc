"""Nothing that Prefect stores holds a secret, even where kops prints one."""

from pathlib import Path

import pytest

from flows.validate_cluster import validate_cluster
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import PLANTED, Memory
from tests.flows.server import database, flow_run, log_lines

pytestmark = pytest.mark.prefect
LEAKY = """#!/bin/sh
echo "I1124 00:00:00.000000 1 main.go:1] using $AWS_SECRET_ACCESS_KEY" >&2
echo "Error: signature of $AWS_SECRET_ACCESS_KEY does not match" >&2
exit 1
"""


def stored(*places: Path) -> bytes:
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in files)


def test_a_secret_that_kops_prints_reaches_neither_server_nor_disk(
    box: Box, memory: Memory, tmp_path: Path, prefect_home: Path
) -> None:
    leaky = tmp_path / "leaky"
    leaky.write_text(LEAKY)
    leaky.chmod(0o755)

    with call_with(box.settings(KLED_KOPS=str(leaky)), memory):
        state = validate_cluster("leaky.example.com", return_state=True)

    assert state.is_failed()
    assert any("using [redacted]" in line for line in log_lines(state))
    kept = stored(database().parent, prefect_home)
    assert str(flow_run(state).name).encode() in kept
    assert PLANTED.encode() not in kept
    assert PLANTED not in str(state) + "".join(memory.lines)
