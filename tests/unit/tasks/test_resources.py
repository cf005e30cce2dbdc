"""What a run's session says reaches those who look on."""

from pathlib import Path

from kled import config
from kled.operations.keep_state import PruneSnapshots
from tasks import resources
from tests.flows.box import Memory


def test_how_far_a_long_step_is_reaches_the_caller(tmp_path: Path) -> None:
    # fault 59: `kled run` showed no note of a step, such as the machines that were replaced
    (tmp_path / "state").mkdir()
    settings = config.load(
        {"HOME": str(tmp_path), "KOPS_STATE_STORE": (tmp_path / "state").as_uri()}
    )
    memory = Memory()

    with (
        resources.called_by(settings, memory),
        resources.session(PruneSnapshots()) as session,
    ):
        session.note("1 of 2 machines replaced")

    assert memory.notes == ["1 of 2 machines replaced"]
