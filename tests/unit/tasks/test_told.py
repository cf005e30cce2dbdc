"""People are told of a run that was stopped, by the run itself as long as it can. Fault 46."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.exceptions import TerminationSignal

from kled import config
from kled.errors import NotApproved
from tasks.running.edge import FlowOutcome, reported
from tasks.running.resources import Unwatched, call_with
from tests.pager import listening

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield what is posted to whom the settings of this process name."""
    with listening() as (address, said):
        url = tmp_path / "url"
        url.write_text(f"json://{address}/pager")
        rules = tmp_path / "config.toml"
        rules.write_text(f'[notifications]\nurls = ["file:{url}"]\n')
        settings = config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(rules)})
        with call_with(settings, Unwatched()):
            yield said


def test_a_run_that_is_stopped_is_told_of_before_it_ends(heard: list[dict[str, Any]]) -> None:
    @reported
    def stopped() -> FlowOutcome:
        raise TerminationSignal(15)

    with pytest.raises(TerminationSignal):
        stopped()

    (said,) = heard
    assert said["title"] == "a flow run: stopped"


def test_a_run_that_fails_is_told_of_once(heard: list[dict[str, Any]]) -> None:
    @reported
    def fails() -> FlowOutcome:
        raise NotApproved("nobody approved it")

    fails()

    (said,) = heard
    assert (said["title"], said["message"]) == ("a flow run: not approved", "nobody approved it")
