"""The examples of `examples/` run as they are written, against a sandbox."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from examples import create_and_release, drain_and_scale_down, nightly_backup
from kled.errors import StoreError
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import SPEC, ended, task_runs

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
C = SPEC.name
GROUP = "nodes-us-east-1a"


@dataclass
class Team:
    """A queue in which some jobs wait, and an inventory that takes documents."""

    waiting: int = 2
    asked: list[str] = field(default_factory=list)
    posted: list[Any] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def team() -> Iterator[Team]:
    known = Team()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(str(known.waiting))
            known.waiting = max(0, known.waiting - 1)

        def do_PUT(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            known.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer("")

        def _answer(self, words: str) -> None:
            known.asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield known
        server.shutdown()


@pytest.fixture
def kept(box: Box) -> Box:
    (box.directory / "kept").mkdir()
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "kept").as_uri()
    return box


def test_a_team_creates_a_cluster_and_installs_its_release(
    kept: Box, memory: Memory, tmp_path: Path
) -> None:
    helm, asked, kubeconfig = tmp_path / "helm", tmp_path / "asked", tmp_path / "kubeconfig"
    helm.write_text(f'#!/bin/sh\necho "$@" >> {asked}\necho deployed\n')
    helm.chmod(0o755)

    with call_with(kept.settings(), memory):
        flow = create_and_release.create_and_release
        state = ended(flow, SPEC, kubeconfig, "shop", "./chart", str(helm))

    assert state.is_completed(), state.message
    assert state.result() == "deployed"
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert asked.read_text().split()[:4] == ["upgrade", "--install", "shop", "./chart"]
    began = [one for one in memory.events if one.startswith("started ")]
    assert began[0] == "started check epoch"
    assert began[-4:] == [
        "started update cluster",
        "started take the first snapshot",
        "started validate cluster",
        "started export kubeconfig",
    ]
    assert [run.name for run in task_runs(state, names=12)][-1].startswith("install_release")


def test_a_nightly_backup_is_posted_to_the_teams_own_system(
    kept: Box, memory: Memory, team: Team
) -> None:
    kept.must("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws")

    with call_with(kept.settings(), memory):
        state = ended(nightly_backup.nightly_backup, team.url)

    assert state.is_completed(), state.message
    ((row,),) = (one["clusters"] for one in team.posted)
    assert row["cluster"] == C
    assert row["trusted"]


def test_a_nightly_backup_that_fails_is_posted_too(box: Box, memory: Memory, team: Team) -> None:
    with call_with(box.settings(KLED_SNAPSHOT_STORE="file:///nowhere/kept"), memory):
        state = ended(nightly_backup.nightly_backup, team.url)

    assert isinstance(state.result(raise_on_failure=False), StoreError)
    assert team.posted == [{"clusters": []}]


def test_a_group_is_scaled_down_when_its_queue_is_empty(
    kept: Box, memory: Memory, team: Team
) -> None:
    zones = ("--zones=us-east-1a", "--node-count=2", "--cloud=aws")
    kept.must("create", "cluster", f"--name={C}", *zones, "--yes")
    flow = drain_and_scale_down.drain_and_scale_down

    with call_with(kept.settings(), memory):
        state = ended(flow, C, GROUP, 1, team.url, every=0.05)

    assert state.is_completed(), state.message
    assert team.asked == ["PUT /closed", "GET /waiting", "GET /waiting", "GET /waiting"]
    stored = kept.must("get", "instancegroups", f"--name={C}", GROUP, "--output=json")
    assert json.loads(stored)["spec"]["maxSize"] == 1
    assert memory.events[-1] == "done wait for nodes"
