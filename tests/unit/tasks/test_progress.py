"""A long step shows how far it is, and no server can hold it up (fault 59)."""

import threading
import time
from uuid import UUID, uuid4

import httpx

from kled.models.share import Share
from kled.operations.runner import Row
from kled.operations.step import Step
from tasks.running.progress import Bar, Bars
from tests.unit.tasks.conftest import Kept

ROLL = Step("rolling update", lambda _session: "")
ARTIFACT = uuid4()


class Server:
    """Remembers what it is sent; `answers` says what it does with it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.bars: list[Bar] = []
        self.error = error

    def __call__(self, bar: Bar) -> UUID:
        self.bars.append(bar)
        if self.error is not None:
            raise self.error
        return bar.artifact or ARTIFACT

    @property
    def said(self) -> list[tuple[float, str]]:
        return [(bar.percent, bar.message) for bar in self.bars]


class Rolling:
    """A step that is under way, and a clock that stands still."""

    def __init__(self, server: Server) -> None:
        self.now = 0.0
        self.bars = Bars(server, every=10.0, monotonic=lambda: self.now)
        self.bars.started(ROLL)

    def after(self, seconds: float, done: int) -> None:
        """Get so far, and let the thread that sends have its turn."""
        self.now += seconds
        self.bars.tell(Share(done, 4, f"{done} of 4 machines replaced"))
        self.bars.send_newest()


def test_a_long_step_has_one_bar_that_grows_and_ends() -> None:
    server = Server()
    rolling = Rolling(server)
    rolling.after(10, 1)
    rolling.after(10, 1)  # nothing is new
    rolling.after(10, 3)
    rolling.bars.ended(Row("rolling update", "done", 40.0, 1, "rolled nodes (4)"))

    assert server.said == [
        (25.0, "1 of 4 machines replaced"),
        (75.0, "3 of 4 machines replaced"),
        (100.0, "done: rolled nodes (4)"),
    ]
    assert [bar.artifact for bar in server.bars] == [None, ARTIFACT, ARTIFACT]


def test_a_step_that_fails_leaves_its_bar_where_it_was() -> None:
    server = Server()
    rolling = Rolling(server)
    rolling.after(11, 3)
    rolling.bars.ended(Row("rolling update", "failed", 40.0, 1, "halted"))

    assert server.said[-1] == (75.0, "failed: halted")


def test_a_short_step_has_none_and_the_next_one_begins_anew() -> None:
    server = Server()
    rolling = Rolling(server)
    rolling.after(9, 3)
    rolling.bars.ended(Row("rolling update", "done", 9.0, 1, ""))
    rolling.bars.started(Step("validate cluster", lambda _session: ""))
    rolling.now += 20
    rolling.bars.send_newest()

    assert server.bars == []


def test_a_server_that_refuses_is_said_once(kept: Kept) -> None:
    server = Server(httpx.ConnectError("connection refused"))
    rolling = Rolling(server)
    for done in range(4):
        rolling.after(10, done)
    rolling.bars.ended(Row("rolling update", "done", 40.0, 1, ""))

    assert len(server.bars) == 4
    assert kept.said == [("WARNING", "how far it is could not be stored: ConnectError")]


def test_a_server_that_does_not_answer_holds_nothing_up() -> None:
    asked, answer = threading.Event(), threading.Event()

    def hang(_bar: Bar) -> UUID:
        asked.set()
        answer.wait(30)
        return ARTIFACT

    now = [0.0]
    with Bars(hang, every=0.001, monotonic=lambda: now[0]) as bars:
        bars.started(ROLL)
        bars.tell(Share(1, 4, "1 of 4"))
        now[0] = 1.0
        assert asked.wait(10)
        began = time.monotonic()
        bars.tell(Share(2, 4, "2 of 4"))
        bars.started(Step("validate cluster", lambda _session: ""))
    assert time.monotonic() - began < 1
    answer.set()
