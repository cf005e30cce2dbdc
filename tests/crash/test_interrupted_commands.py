"""Ctrl-C in commands beside those that make clusters: approvals, edits, snapshots, the doctor.

Together with test_interrupted.py more than twenty sampled moments (faults 19, 20, 21). What a
command waits for is made slow where it would be over too soon: a store, a server, an editor.
"""

from __future__ import annotations

import re
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.boxes import Box, make_box
from tests.crash.terminals import KLED, C, Terminal, is_free, told
from tests.processes import eventually
from tests.unit.cli.prefect_api import server
from tests.unit.models.test_question import PLAN, QUESTION
from tests.unit.models.test_question import C as WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

RUN = "3f0c1c1e-0000-4000-8000-000000000001"
OBJECTS = 600
"""So many that a restore takes its time."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A stored cluster, and where its snapshots go."""
    box = make_box(tmp_path_factory.mktemp("commands") / "box", started=True)
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    made = box.kops("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws")
    assert made.returncode == 0
    return box


def addons(box: Box) -> list[Path]:
    """Return many objects of the cluster, that are there or that are not."""
    directory = box.directory / "state" / C / "addons"
    directory.mkdir(exist_ok=True)
    return [directory / f"{number}.yaml" for number in range(OBJECTS)]


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event]]:
    """Yield the URL of a server that does not answer, and what says that somebody has asked it."""
    asked, over = threading.Event(), threading.Event()

    def hang(*_: object) -> tuple[int, Any]:
        asked.set()
        over.wait(60)
        return 404, {}

    with server(hang) as url:
        yield url, asked
        over.set()


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("check epoch", signal.SIGINT),
        ("take a snapshot", signal.SIGTERM),
        ("restore state", signal.SIGINT),
        ("restore state", signal.SIGTERM),
        ("restore state", signal.SIGHUP),
    ],
)
def test_a_restore_says_how_far_it_came_and_the_same_command_does_the_rest(
    box: Box, step: str, number: int
) -> None:
    for one in addons(box):
        one.write_text(f"of: {step}, {number}\n")
    assert box.kled("snapshot", "create", "--all").returncode == 0
    for one in addons(box):
        one.unlink()
    restore = ("snapshot", "restore", f"--name={C}", "--snapshot=latest", "--yes")
    with Terminal((*KLED, *restore), box.env, box.directory) as terminal:
        terminal.until(f"{step} ...", within=0.05)
        words = told(terminal, terminal.interrupt(number), number)

    assert re.search("restore state was at: |done before: .*restore state", words)
    assert is_free(box)
    # a member of fault 19: by the same command `latest` was the snapshot of what the restore mends,
    # taken just before, and nothing was restored with exit 0
    assert re.search("the same command (does only what is left|starts from the beginning)", words)
    done = box.kled(*restore)
    assert done.returncode == 0, done.stderr
    assert {one.read_text() for one in addons(box)} == {f"of: {step}, {number}\n"}


@pytest.mark.parametrize("saved", [False, True])
def test_an_edit_in_the_editor_stores_nothing_and_what_was_typed_is_kept(
    box: Box, saved: bool
) -> None:
    editor = box.directory / "editor"
    typing = 'echo "# mine" >> "$1"\n' if saved else ""
    editor.write_text(f"#!/bin/sh\n{typing}echo editing\nexec sleep 600\n")
    editor.chmod(0o755)
    before = box.state()
    edit = (*KLED, "kops", "edit-cluster", f"--name={C}")
    with Terminal(edit, {**box.env, "EDITOR": str(editor)}, box.directory) as terminal:
        terminal.until("editing")
        seconds = terminal.interrupt()
        words = told(terminal, seconds)

    assert ("your edit is kept in" in terminal.text) is saved
    assert "nothing was changed" in words
    assert box.state() == before


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--all"),
        ("create", "--all"),
        ("prune", "--all", "--yes"),
        ("mirror", "--to=file:///nowhere"),
        ("restore", f"--name={C}", "--snapshot=latest", "--yes"),
        ("epoch", "raise", f"--name={C}", "--yes"),
    ],
    ids=lambda words: words[0],
)
def test_what_waits_for_its_snapshot_store_ends(box: Box, words: tuple[str, ...]) -> None:
    before = box.state()
    with silent() as (url, asked):
        env = {**box.env, "AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1"}
        env |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        command = (*KLED, "snapshot", *words, "--snapshot-store=s3://snapshots")
        with Terminal(command, env, box.directory) as terminal:
            eventually(asked.is_set)
            said = told(terminal, terminal.interrupt())

    begun = "prune snapshots was at: prune snapshots"  # whose step deletes
    assert (begun if words[0] == "prune" else "nothing was changed") in said
    assert is_free(box)
    assert box.state() == before


@pytest.mark.parametrize("command", ["deploy", "undeploy", "undeploy --yes"])
def test_what_waits_for_its_prefect_server_ends(box: Box, command: str) -> None:
    with silent() as (url, asked):
        env = {**box.env, "PREFECT_API_URL": f"{url}/api"}
        with Terminal((*KLED, *command.split()), env, box.directory) as terminal:
            eventually(asked.is_set)
            words = told(terminal, terminal.interrupt())

    assert "the same command does only what is left" in words


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A cluster that was applied, and where its snapshots go."""
    box = make_box(tmp_path_factory.mktemp("applied") / "box", started=True)
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    create = ("kops", "create-cluster", f"--name={C}", "--zones=us-east-1a", "--yes")
    made = box.kled(*create)
    assert made.returncode == 0, made.stderr
    return box


@pytest.mark.parametrize(
    ("words", "verb", "step"),
    [
        (
            "rotate-keypairs --phase=create --keyset=kubernetes-ca",
            "create keypair",
            "create keypairs",
        ),
        ("rolling-update --cloudonly --force", "rolling-update *--yes", "rolling update"),
        ("reconcile-cluster", "reconcile cluster *--yes", "reconcile cluster"),
        (
            "upgrade-cluster --kubernetes-version=1.36.1",
            "upgrade cluster *--yes",
            "upgrade cluster",
        ),
        ("delete-cluster", "delete cluster *--yes", "delete cluster"),
    ],
    ids=lambda word: word.split()[0] if word else "",
)
def test_what_waits_for_kops_says_where_it_was_and_does_the_rest_when_it_is_typed_again(
    applied: Box, words: str, verb: str, step: str
) -> None:
    """Kops hangs where it would change something, for as long as nobody interrupts it."""
    slow = applied.directory / "slow-kops"
    waits = f'case "$*" in *"{verb.replace(" *", chr(34) + "*" + chr(34))}"*) exec sleep 600;; esac'
    slow.write_text(f'#!/bin/sh\n{waits}\nexec {applied.directory}/bin/kops "$@"\n')
    slow.chmod(0o755)
    command = ("kops", *words.split(), f"--name={C}", "--yes")
    env = {**applied.env, "KLED_KOPS": str(slow)}
    with Terminal((*KLED, *command), env, applied.directory) as terminal:
        eventually(lambda: any("sleep 600" in one for one in terminal.left()))
        said = told(terminal, terminal.interrupt())

    assert f"was at: {step}" in said
    assert f"kops has ended; the lease of {C} is free" in said
    assert is_free(applied)
    if words == "delete-cluster":
        done = applied.kled(*command)
        assert done.returncode == 0, done.stderr
        assert applied.state() == {}


def test_a_doctor_that_waits_for_kops_ends(box: Box) -> None:
    slow = box.directory / "slow-kops"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    env = {**box.env, "KLED_KOPS": str(slow)}
    with Terminal((*KLED, "doctor"), env, box.directory) as terminal:
        eventually(lambda: any("sleep 600" in one for one in terminal.left()))
        told(terminal, terminal.interrupt())


class Api:
    """As much of a Prefect server as one run needs that waits, and goes on when it is answered."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answered: dict[str, Any] = {}

    def answer(self, path: str, body: dict[str, Any], _credentials: str | None) -> tuple[int, Any]:
        match path.removeprefix("/api").strip("/").split("/"):
            case ["admin", "version"]:
                return 200, "3.9.1"
            case ["flow_runs", _]:
                return 200, self._run()
            case ["flow_runs", _, "input", _]:
                return 200, QUESTION.as_json()
            case ["flow_runs", _, "resume"]:
                self.answered = body["run_input"]
                accepted = {"status": "ACCEPT", "details": {"type": "accept_details"}}
                return 200, {**accepted, "state": self._run()["state"]}
            case ["logs", "filter"]:
                self.asked.set()
                return 200, []
        return 404, {}

    def _run(self) -> dict[str, Any]:
        kind = "RUNNING" if self.answered else "PAUSED"
        details = {"pause_key": "key"}
        state = {"type": kind, "name": kind.capitalize(), "state_details": details}
        names = {"name": "update prod", "state_type": kind, "state_name": kind.capitalize()}
        return {"id": RUN, "flow_id": RUN, "state": state, **names}


@contextmanager
def approving(box: Box, api: Api, *options: str) -> Iterator[Terminal]:
    with server(api.answer) as url:
        env = {**box.env, "PREFECT_API_URL": url}
        with Terminal((*KLED, "approve", RUN, *options), env, box.directory) as terminal:
            yield terminal


def test_an_approval_that_is_followed_leaves_the_run_alone(box: Box) -> None:
    api = Api()
    confirmed = (f"--confirm={WAITING}", f"--digest={PLAN.digest[:12]}", "--follow")
    with approving(box, api, *confirmed) as terminal:
        terminal.until("state: Running")
        words = told(terminal, terminal.interrupt())

    assert api.answered["cluster"] == WAITING
    assert f"the flow run goes on; to cancel it: prefect flow-run cancel {RUN}" in words


def test_an_approval_that_waits_for_its_server_sends_no_answer(box: Box) -> None:
    with silent() as (url, asked):
        env = {**box.env, "PREFECT_API_URL": url}
        with Terminal((*KLED, "approve"), env, box.directory) as terminal:
            eventually(asked.is_set)
            words = told(terminal, terminal.interrupt())

    assert "a run that still waits was not answered: kled approve lists those" in words
