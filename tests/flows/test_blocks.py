"""Chains of tasks as a team writes them: what a block shares, guards and tells, and who refuses."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest
from prefect import flow, task
from prefect.client.schemas.objects import State

from kled.errors import KopsError, SettingsError, StoreError
from kled.operations.guards.guards import CREATES, DELETES, EDITS, READS, ROLLS, Guards
from kled.operations.session import Session
from kled.operations.step import Step
from tasks.running.block import changing, current_block, reading
from tasks.running.resources import call_with
from tasks.running.task import kops_task
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, ended, flow_run, task_runs

pytestmark = pytest.mark.prefect
C = "flow.example.com"


@kops_task()
def look(cluster: str) -> Step:
    """Look at it, and change nothing."""
    return Step("look", lambda _: f"{cluster} is there", reads=True)


@kops_task(EDITS)
def turn(cluster: str, *, error: Exception | None = None) -> Step:
    """Turn it."""

    def act(session: Session) -> str:
        assert session.lease is not None
        if error is not None:
            raise error
        return f"{cluster} is turned"

    return Step("turn", act, way_back="turn it back")


@kops_task(CREATES)
def make_keys(cluster: str) -> Step:
    """Make keys that exist nowhere else."""
    return Step("make keys", lambda _: f"{cluster} has keys", makes_keys=True)


@kops_task()
def count(cluster: str) -> Step[int]:
    """Find a number out."""
    found: list[int] = []

    def act(_session: Session) -> str:
        found.append(len(cluster))
        return "counted"

    return Step("count", act, reads=True, result=lambda: found[0])


@dataclass(frozen=True)
class Wish:
    cluster: str
    guards: Guards = DELETES


def run(box: Box, memory: Memory, body: Any, **more: str) -> State[Any]:
    """Run `body` as a flow of a team, with a snapshot store."""
    store = box.directory / "kept"
    store.mkdir()
    with call_with(box.settings(KLED_SNAPSHOT_STORE=store.as_uri(), **more), memory):
        return ended(flow(name="release-of-a-team", persist_result=False)(body))


def summaries(state: State[Any]) -> list[Any]:
    """Return what the run shows by a key; Prefect adds where a result is that it does not keep."""
    return [one for one in artifacts(state) if one.key is not None]


def started(memory: Memory) -> list[str]:
    return [one.removeprefix("started ") for one in memory.events if one.startswith("started ")]


def test_a_block_guards_a_chain_of_ours_and_theirs(box: Box, memory: Memory) -> None:
    their_own: list[str] = []

    @task
    def drain_our_queue() -> None:
        their_own.append("drained")

    def body() -> str:
        with changing(C, CREATES, called="release"):
            look(C)
            drain_our_queue()
            turn(C)
            make_keys(C)
            look(C)
        return str(current_block())

    state = run(box, memory, body)

    assert state.is_completed(), state.message
    assert state.result() == "None"
    guarded = ["check epoch", "look", "take a snapshot", "turn", "make keys"]
    assert started(memory) == [*guarded, "take the first snapshot", "look"]
    assert their_own == ["drained"]
    assert len(task_runs(state, names=8)) == 8
    assert [one.key for one in summaries(state)] == ["release-flow-example-com"]
    assert f"cluster:{C}" in flow_run(state).tags


def test_a_chain_that_only_reads_takes_no_snapshot(box: Box, memory: Memory) -> None:
    def body() -> str:
        with changing(C):
            return look(C)

    assert run(box, memory, body).result() == f"{C} is there"
    assert started(memory) == ["check epoch", "look"]


def test_a_task_alone_opens_a_session_of_its_own(box: Box, memory: Memory) -> None:
    state = run(box, memory, lambda: (turn(C), count(C)))

    assert state.result() == (f"{C} is turned", len(C))
    assert started(memory) == ["check epoch", "take a snapshot", "turn", "count"]
    names = [one.name for one in task_runs(state, names=4)]
    assert names == ["check epoch", "take a snapshot", f"turn {C}", f"count {C}"]


def test_what_fails_ends_the_chain_with_the_way_back_and_no_guards(
    box: Box, memory: Memory
) -> None:
    def body() -> None:
        with changing(C, called="release"):
            turn(C, error=KopsError("no more machines"))
            look(C)

    state = run(box, memory, body)

    failed = state.result(raise_on_failure=False)
    assert isinstance(failed, KopsError)
    assert "turn it back" in str(failed.hint)
    assert started(memory) == ["check epoch", "take a snapshot", "turn"]
    (summary,) = summaries(state)
    assert "**KopsError**: no more machines" in summary.data


def test_nothing_is_changed_once_its_protection_failed_whoever_catches_that(
    box: Box, memory: Memory
) -> None:
    def body() -> list[str]:
        refused = []
        with changing(C, called="release"):
            (box.directory / "kept").rmdir()
            for _ in range(2):
                try:
                    turn(C)
                except StoreError as error:
                    refused.append(type(error).__name__)
        return refused

    state = run(box, memory, body)

    assert isinstance(state.result(raise_on_failure=False), StoreError)
    assert started(memory) == ["check epoch", "take a snapshot"]


def test_what_others_raise_passes_and_is_in_the_summary(box: Box, memory: Memory) -> None:
    def body() -> None:
        with changing(C, called="release"):
            turn(C)
            raise ZeroDivisionError("the queue is empty")

    state = run(box, memory, body)

    assert isinstance(state.result(raise_on_failure=False), ZeroDivisionError)
    (summary,) = summaries(state)
    assert "ZeroDivisionError: the queue is empty" in summary.data
    assert "kled's tasks" in summary.data
    assert "bug in kled" not in summary.data


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda: turn.submit(C), "turn is not a task for .submit()"),
        (lambda: turn.map([C]), "turn is not a task for .map()"),
    ],
    ids=["submit", "map"],
)
def test_nothing_is_handed_to_threads(body: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        body()

    assert "call it: turn(...)" in str(refused.value.hint)


def test_another_thread_is_refused_with_what_to_do() -> None:
    raised: list[SettingsError] = []

    def call() -> None:
        try:
            look(C)
        except SettingsError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()

    assert "outside of the main thread" in raised[0].message
    assert "call look(...) in the flow itself" in str(raised[0].hint)


def test_blocks_refuse_what_they_do_not_protect(box: Box, memory: Memory) -> None:
    deleting = kops_task(DELETES)(lambda wish: Step("delete", lambda _: str(wish)))
    refused: list[str] = []

    def trying(call: Any) -> None:
        try:
            call()
        except SettingsError as error:
            refused.append(f"{error.message}; {error.hint}")

    def body() -> None:
        with changing(C, EDITS):
            trying(lambda: turn("other.example.com"))
            trying(lambda: deleting(Wish(C)))
            trying(lambda: changing("other.example.com").__enter__())
        with reading(C):
            look("other.example.com")
            trying(lambda: turn(C))

    assert run(box, memory, body).is_completed()
    assert [one.partition(";")[0] for one in refused] == [
        f"turn is about other.example.com, and the block changes {C}",
        "<lambda> needs more protection than its block gives",
        f"a block that changes {C} is open",
        "turn needs more protection than its block gives",
    ]
    assert started(memory) == ["check epoch", "look"]


def test_a_task_is_documented_as_the_function_that_it_is() -> None:
    assert turn.__doc__ == "Turn it."
    assert str(turn.__signature__).startswith("(cluster: str, *, error:")
    assert turn.step(C).name == "turn"
    assert (turn.guards, look.guards) == (EDITS, READS)
    assert not EDITS.covers(ROLLS)
