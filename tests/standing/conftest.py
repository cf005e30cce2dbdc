"""One standing server and worker for the tests of what needs both."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boxes import Box
from tests.flows.box import make_box
from tests.standing.servers import Standing, serving, working

RULES = '[approval]\nneeded = ["machines"]\n'


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A sandbox with one stored cluster, a snapshot store, and rules about approvals."""
    box = make_box(tmp_path_factory.mktemp("world"), started=True)
    snapshots = box.directory / "snapshots"
    rules = box.directory / "config.toml"
    rules.write_text(RULES)
    box.env.update(KLED_SNAPSHOT_STORE=snapshots.as_uri(), KLED_CONFIG=str(rules))
    box.must("create", "cluster", "--name=kept.example.com", "--zones=us-east-1a", "--cloud=aws")
    return box


@pytest.fixture(scope="session")
def standing(world: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Yield a server on SQLite, of the locked versions, with kled's deployments and a worker."""
    here = Path(sys.executable).parent
    with serving(here, tmp_path_factory.mktemp("standing"), world.env) as server:
        server.run("kled", "deploy")
        with working(server):
            yield server
