"""Outside its maintenance window a cluster is changed by no command, but in an emergency."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.boxes import Box, make_box

NAME = "--name=windowed.example.com"
GROUP = "--instance-group=nodes-us-east-1a"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    found = make_box(tmp_path / "box")
    done = found.kops("create", "cluster", NAME, "--zones=us-east-1a", "--cloud=aws")
    assert done.returncode == 0, done.stderr
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    (tmp_path / "rules.toml").write_text(
        f'[[maintenance-windows]]\nclusters = ["windowed.*"]\ndays = ["{day}"]\n'
        'from = "02:00"\nto = "03:00"\ntimezone = "UTC"\n'
    )
    found.env["KLED_CONFIG"] = str(tmp_path / "rules.toml")
    return found


def test_a_change_is_refused_with_when_it_may_be_and_goes_on_when_told(box: Box) -> None:
    edit = ("kops", "edit-instance-group", NAME, GROUP, "--max=4")

    refused = box.kled(*edit)

    assert refused.returncode == 6
    assert "02:00 UTC only" in refused.stderr
    assert "--no-window" in refused.stderr
    assert box.kled("kops", "get-instance-groups", NAME).returncode == 0
    forced = box.kled(*edit, "--no-window")
    assert forced.returncode == 0, forced.stderr


def test_a_restore_is_a_change_too(box: Box) -> None:
    """Fault 14: the command did not run the operation that the flow runs, and asked nobody."""
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    assert box.kled("snapshot", "create", NAME).returncode == 0
    restore = ("snapshot", "restore", NAME, "--snapshot=latest", "--yes")

    refused = box.kled(*restore)

    assert refused.returncode == 6
    assert "02:00 UTC only" in refused.stderr
    forced = box.kled(*restore, "--no-window")
    assert forced.returncode == 0, forced.stderr
