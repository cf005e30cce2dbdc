"""What a run in this process did is shown as a command shows it: the steps, and the ways back."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from kled import config
from kled.cli.flows import reports
from kled.cli.frame.command import Call
from kled.cli.terminal import typed_places

C: Final = "c.example.com"
WAY: Final = f"kled kops delete-cluster --name={C}"


def state(way_back: str) -> Any:
    """The state of a run that has ended well, with one step."""
    row = {"step": "update cluster", "outcome": "done", "seconds": 1, "attempts": 1}
    done = {"steps": [{**row, "words": "applied", "way_back": way_back}], "plan": None}
    return SimpleNamespace(
        is_completed=lambda: True,
        result=lambda: done,
        state_details=SimpleNamespace(flow_run_id=None),
    )


@pytest.mark.parametrize("way_back", [WAY, ""])
def test_its_ways_back_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], way_back: str
) -> None:
    """The same flow on a worker told them, and so did the command."""
    typed_places.forget()
    call = Call(config.load({"HOME": str(tmp_path)}), verbose=False)

    reports.show(call, state(way_back))

    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("way back")]
    assert told == ([f"way back from update cluster: {WAY}"] if way_back else [])
