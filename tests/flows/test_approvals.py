"""Approvals, windows and notifications in flows: a real server, a real listener, no secret out."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.update_cluster import update_cluster
from kled.errors import InvalidInput, NotApproved, WindowClosed
from kled.kops.preview import update_plan
from tasks import notifications, windows
from tasks.resources import called_by
from tests.flows.box import Box, Memory
from tests.flows.test_kill import until

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
C = "flow.example.com"
SECRET = "T0KEN-of-the-pager"


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield an apprise URL, and what was posted to it."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f"json://127.0.0.1:{http.server_port}/{SECRET}", heard
        http.shutdown()


def update(box: Box, memory: Memory, rules: str, **parameters: Any) -> State[Any]:
    config = box.directory / "config.toml"
    config.write_text(rules)
    with called_by(box.settings(KLED_CONFIG=str(config), KLED_LEASE_TTL="5"), memory):
        return update_cluster(C, return_state=True, **parameters)


def applied(box: Box) -> bool:
    return any("--yes=true" in call for call in box.calls("update"))


ASKS = '[approval]\nneeded = ["machines"]\n'


@contextmanager
def answered(**answer: str) -> Iterator[None]:
    """Answer the next run that pauses, from another thread, as the UI does."""

    def reply() -> None:
        with get_client(sync_client=True) as client:

            def paused() -> list[Any]:
                return [one for one in client.read_flow_runs() if one.state_name == "Paused"]

            until(paused, 120)
            client.resume_flow_run(paused()[0].id, run_input=answer)

    thread = threading.Thread(target=reply)
    thread.start()
    yield
    thread.join()


def test_a_plan_that_touches_what_is_asked_about_waits_for_its_digest_and_name(
    changed: Box, memory: Memory
) -> None:
    digest = update_plan(C, changed.kops("update", "cluster", f"--name={C}")).digest
    with answered(cluster=C, digest=digest[:12]):
        state = update(changed, memory, ASKS)

    assert state.is_completed(), state.message
    assert applied(changed)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"cluster": "other.example.com"}, 'names "other.example.com"'),
        ({"digest": "0" * 12}, "the approval is for '000000000000'"),
    ],
)
def test_a_wrong_answer_changes_nothing(
    changed: Box, memory: Memory, answer: dict[str, str], words: str
) -> None:
    digest = update_plan(C, changed.kops("update", "cluster", f"--name={C}")).digest
    with answered(**{"cluster": C, "digest": digest[:12], **answer}):
        state = update(changed, memory, ASKS)

    assert isinstance(state.result(raise_on_failure=False), NotApproved)
    assert words in str(state.message)
    assert f"digest={digest[:12]}" in str(state.message)
    assert not applied(changed)


def test_whoever_is_automatic_or_brings_the_digest_is_not_asked(
    changed: Box, memory: Memory
) -> None:
    digest = update_plan(C, changed.kops("update", "cluster", f"--name={C}")).digest

    state = update(changed, memory, ASKS, digest=digest[:12])

    assert state.is_completed(), state.message
    automatic = ASKS + 'automatic = ["flow.*"]\n'
    assert update(changed, memory, automatic).is_completed()


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

    with called_by(changed.settings(KLED_CONFIG=str(config)), memory):
        windows.wait_or_refuse(C, now=lambda: clock[0], sleep=sleep)
    assert 100 < len(slept) < 300


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own
def test_people_are_told_and_no_secret_leaves(
    changed: Box, memory: Memory, tmp_path: Path, prefect_home: Path
) -> None:
    with listening() as (url, heard):
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
