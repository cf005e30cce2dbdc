"""A flow that is run where nobody has named a Prefect server: it starts one, or says why not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.boxes import Box, make_box

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.prefect]
MINE = 'active = "mine"\n\n[profiles.mine]\nPREFECT_LOGGING_LEVEL = "INFO"\n'


def run(box: Box, profiles: str) -> subprocess.CompletedProcess[str]:
    """Run a flow about a cluster that is not there, in a home with profiles of somebody's own."""
    home = box.directory / "prefect"
    home.mkdir()
    (home / "profiles.toml").write_text(profiles)
    return subprocess.run(
        [sys.executable, "-m", "kled", "run", "validate-cluster", "name=c.example.com"],
        env={**box.env, "PREFECT_HOME": str(home)},
        cwd=box.directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_profile_that_is_silent_about_servers_forbids_none(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")

    ended = run(box, MINE)

    assert "starting a Prefect server for this run" in ended.stderr
    assert "c.example.com" in ended.stderr
    assert "bug" not in ended.stderr


def test_a_profile_that_forbids_one_is_named_with_the_way_out(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")

    ended = run(box, MINE + 'PREFECT_SERVER_ALLOW_EPHEMERAL_MODE = "false"\n')

    assert ended.returncode == 2
    assert "no Prefect server is named, and PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=false" in (
        ended.stderr
    )
    assert "hint: export PREFECT_API_URL=" in ended.stderr
