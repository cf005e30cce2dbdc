"""Approvals, windows and notifications in flows: a real server, a real listener, no secret out.

What docs/approvals.md tells people to type is done here with runs that wait.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.plan_update import plan_update
from flows.update_cluster import update_cluster
from kled import config
from kled.cli.flows import approve, waiting_runs
from kled.cli.flows.waiting_runs import Server, WaitingRun
from kled.cli.frame.command import Call
from kled.errors import InvalidInput, NotApproved, WindowClosed
from kled.kops.preview import update_plan
from kled.operations.acting import person
from tasks.running import notifications, windows
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import document, task_runs
from tests.flows.test_kill import until
from tests.pager import listening

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
C = "flow.example.com"
SECRET = "T0KEN-of-the-pager"


def update(box: Box, memory: Memory, rules: str, **parameters: Any) -> State[Any]:
    config = box.directory / "config.toml"
    config.write_text(rules)
    with call_with(box.settings(KLED_CONFIG=str(config), KLED_LEASE_TTL="5"), memory):
        return update_cluster(C, return_state=True, **parameters)


def applied(box: Box) -> bool:
    return any("--yes=true" in call for call in box.calls("update"))


ASKS = '[approval]\nneeded = ["machines"]\n'


@contextmanager
def answering(*answers: Callable[[WaitingRun, Server], Any]) -> Iterator[list[Any]]:
    """Answer the run that waits, one question after the other; yields what each answer returned."""
    returned: list[Any] = []

    def reply() -> None:
        with get_client(sync_client=True) as client:
            server, seen = Server(client), set[str]()
            for answer in answers:
                until(lambda: [one for one in server.waiting() if _key(one) not in seen], 120)
                (waiting,) = server.waiting()
                returned.append(answer(waiting, server))
                seen.add(_key(waiting))

    def _key(waiting: WaitingRun) -> str:
        return f"{waiting.run} {waiting.question.refused}"

    thread = threading.Thread(target=reply)
    thread.start()
    yield returned
    thread.join()


def form(**words: Any) -> Callable[[WaitingRun, Server], str | None]:
    """Send words as Prefect's form does; returns why the server did not take them."""

    def send(waiting: WaitingRun, server: Server) -> str | None:
        given = {"cluster": C, "digest": waiting.question.digest[:12], "approver": "ada", **words}
        refused = server.resume(waiting.run, given)
        while refused and "schema not found" in refused:
            refused = server.resume(waiting.run, given)
        return refused

    return send


def by_command(waiting: WaitingRun, server: Server) -> None:
    call = Call(config.load({"HOME": "/nowhere"}), verbose=False)
    meant = waiting_runs.find_meant(server, str(waiting.run)[:13])
    digest = meant.question.digest[:12]
    approve.settle(call, server, meant, C, digest, None, reject=False)


def test_a_plan_that_touches_what_is_asked_about_waits_for_its_digest_and_name(
    changed: Box, memory: Memory
) -> None:
    with answering(form()):
        state = update(changed, memory, ASKS)

    assert state.is_completed(), state.message
    assert applied(changed)
    # whoever runs it here was told nothing: it seemed to hang
    assert memory.told[0].startswith(f"update-cluster of {C} waits for an approval until ")
    assert f"it was started by {person()}" in memory.told
    assert any(one.startswith("look and answer: kled approve http://") for one in memory.told)
    agreed = state.result()["approval"]
    assert (agreed["by"], agreed["how"]) == ("ada (claimed)", "in Prefect's form")


def test_kled_approve_shows_the_plan_and_approves_it(
    changed: Box, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:  # fault 32
    with answering(by_command):
        state = update(changed, memory, ASKS)

    assert state.is_completed(), state.message
    assert applied(changed)
    assert state.result()["approval"]["how"] == "by kled approve"
    told = capsys.readouterr()
    assert "        InstanceType: t3.medium -> t3.large\n" in told.out
    assert "machines that roll" in told.out
    assert "asked because of machines: modify LaunchTemplate/" in told.err


def test_a_wrong_answer_changes_nothing_and_asks_again(changed: Box, memory: Memory) -> None:
    # fault 32
    wrong_name = form(cluster="other.example.com")
    with answering(
        lambda *of: [wrong_name(*of), form(digest="0" * 12)(*of)],
        lambda *of: [of[0].question.refused, form()(*of)],
    ) as returned:
        state = update(changed, memory, ASKS)

    (refused, taken), (asked_again, _) = returned
    assert "other.example.com" in refused  # by the form itself: the run still waits
    assert taken is None
    assert asked_again.startswith("the answer is for the plan '000000000000', not ")
    assert state.is_completed(), state.message


def test_a_rejection_ends_the_run_and_names_who_and_why(changed: Box, memory: Memory) -> None:
    with answering(form(reject=True, reason="not on a Friday")):
        state = update(changed, memory, ASKS)

    assert isinstance(state.result(raise_on_failure=False), NotApproved)
    assert "ada (claimed) rejected the plan" in str(state.message)
    assert "not on a Friday" in str(state.message)
    assert not applied(changed)


def test_whoever_is_automatic_or_brings_the_digest_is_not_asked(
    changed: Box, memory: Memory
) -> None:
    digest = update_plan(C, changed.must("update", "cluster", f"--name={C}")).digest

    state = update(changed, memory, ASKS, digest=digest[:12])

    assert state.is_completed(), state.message
    automatic = ASKS + 'automatic = ["flow.*"]\n'
    assert update(changed, memory, automatic).is_completed()


def test_a_long_decision_is_two_runs_bound_by_the_digest(changed: Box, memory: Memory) -> None:
    config_file = changed.directory / "config.toml"
    config_file.write_text(ASKS)
    with call_with(changed.settings(KLED_CONFIG=str(config_file)), memory):
        planned = plan_update(C, return_state=True)
    assert planned.is_completed(), planned.message
    assert not applied(changed)
    (command,) = document(planned)["next"]
    digest = command.rpartition("digest=")[2].split()[0]

    state = update(changed, memory, ASKS, digest=digest)

    assert state.is_completed(), state.message
    assert applied(changed)
    assert state.result()["approval"]["kind"] == "digest"


def test_outside_its_window_a_cluster_is_refused_and_told_when(
    changed: Box, memory: Memory
) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    rules = (
        f'[[maintenance-windows]]\ndays = ["{day}"]\nfrom = "02:00"\nto = "03:00"\n'
        'timezone = "UTC"\n'
    )

    state = update(changed, memory, rules)

    assert isinstance(state.result(raise_on_failure=False), WindowClosed)
    assert " 02:00 UTC only" in str(state.message)
    assert not applied(changed)
    config = changed.directory / "config.toml"
    config.write_text(rules + 'outside = "wait"\n')
    slept: list[float] = []
    clock = [datetime.now(UTC)]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += timedelta(minutes=20)

    @flow(name="wait", persist_result=False)
    def wait() -> None:
        windows.wait_or_refuse(C, now=lambda: clock[0], sleep=sleep)

    with call_with(changed.settings(KLED_CONFIG=str(config)), memory):
        state = wait(return_state=True)
    # fault 59: the wait was no task
    assert [one.name for one in task_runs(state, names=1)] == ["wait for the maintenance window"]
    assert 100 < len(slept) < 300
    (told,) = [one for one in memory.told if "waiting for it" in one]  # it seemed to hang
    assert told.startswith(f"{C} may be changed from ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own
def test_people_are_told_and_no_secret_leaves(
    changed: Box, memory: Memory, tmp_path: Path, prefect_home: Path
) -> None:
    with listening() as (address, heard):
        url = f"json://{address}/{SECRET}"
        (tmp_path / "url").write_text(url + "\n")
        rules = f'[notifications]\nurls = ["file:{tmp_path}/url", "env:KLED_TEST_NOBODY"]\n'

        done = update(changed, memory, rules)
        failed = update(changed, memory, rules, digest="0" * 12, roll=True)

    assert done.is_completed(), done.message
    titles = [one["title"] for one in heard]
    assert f"{C}: update cluster is done" in titles
    assert failed.is_completed() or any("NotApproved" in one for one in titles)
    assert SECRET not in json.dumps(heard)
    kept = [one for one in prefect_home.rglob("*") if one.is_file()]
    assert kept
    assert not [one for one in kept if SECRET.encode() in one.read_bytes()]


def test_a_secret_block_of_prefect_names_a_listener(box: Box) -> None:
    Secret(value="json://127.0.0.1:9/block").save("pager-url", overwrite=True)

    assert notifications.resolve(box.settings(), "block:pager-url") == "json://127.0.0.1:9/block"
    with pytest.raises(InvalidInput, match="there is no secret block nowhere"):
        notifications.resolve(box.settings(), "block:nowhere")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own
def test_a_listener_that_is_gone_ends_no_run(changed: Box, memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("json://127.0.0.1:9/nobody")

    state = update(changed, memory, f'[notifications]\nurls = ["file:{tmp_path}/url"]\n')

    assert state.is_completed(), state.message
