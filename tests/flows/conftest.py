"""One Prefect server for all flow tests, and a sandbox for each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.environment import Environment
from tasks.running.environment import prepare
from tests.boxes import Box
from tests.flows.box import Memory, make_box

prepare(os.environ)  # before any test module imports prefect


@pytest.fixture(scope="session", autouse=True)
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the directory that holds all that Prefect writes on the side of the flows."""
    from prefect.settings import PREFECT_HOME, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    home = tmp_path_factory.mktemp("prefect")
    with temporary_settings({PREFECT_HOME: home}), prefect_test_harness(server_startup_timeout=180):
        yield home


@pytest.fixture
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    """A sandbox; of the slow tests, which kill what runs, each kops is started."""
    return make_box(tmp_path, started=request.node.get_closest_marker("slow") is not None)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def changed(box: Box) -> Box:
    """A healthy cluster, flow.example.com, whose definition asks for other machines."""
    named = "--name=flow.example.com"
    zones = ("--zones=us-east-1a", "--node-count=2", "--cloud=aws")
    box.must("create", "cluster", named, *zones, "--yes")
    box.must("edit", "instancegroup", "nodes-us-east-1a", named, "--set=spec.machineType=t3.large")
    return box


@pytest.fixture
def worker(box: Box, tmp_path: Path) -> Iterator[Environment]:
    """Yield an environment whose work pool has a worker with the sandbox's variables."""
    from prefect.client.orchestration import get_client

    from deployments.apply import apply
    from tests.flows.worker import at_work, unscheduled

    here = Environment("cancelling", "cancelling")
    with get_client(sync_client=True) as client:
        apply(client, unscheduled(), here)
    with at_work(box, here.work_pool, tmp_path):
        yield here
