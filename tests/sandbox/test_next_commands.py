"""What a command says to type next is what comes next. K6."""

from pathlib import Path

import pytest

from kled.cli.kops import update_cluster
from tests.sandbox.line import Ended, typed
from tests.sandbox.test_previews import GROUP, Alone, C


def test_after_the_first_update_machines_come_up_and_after_others_they_roll(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was a rolling update each time; README goes on with `validate-cluster`."""
    desk = Alone(tmp_path / "box")
    desk.create(C, "--node-count=1")

    def applied() -> list[str]:
        done: Ended = typed(
            capsys, desk, update_cluster.update_cluster, env=desk.stores, name=C, yes=True
        )
        assert done.status == 0, done.stderr
        return [one for one in done.stderr.splitlines() if one.startswith("next: ")]

    first = applied()
    desk.edit(f"{C}/instancegroup/{GROUP}", lambda it: it["spec"].update(machineType="t3.large"))
    second = applied()

    assert first == [f"next: kled kops validate-cluster --name={C} --wait=15m"]
    assert second == [f"next: kled kops rolling-update --name={C}"]
