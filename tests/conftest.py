"""Fixtures that more than one kind of test shares."""

import gc
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import in_memory, quick_keys, scheduling
from tests.boxes import Box, make_box

_FILES = pytest.StashKey[Path]()
"""Where the temporary files of quick tests are, while they are in memory."""


def pytest_configure(config: pytest.Config) -> None:
    """Let tests' processes be interrupted, and let no simulated cluster wait for its keys.

    A run in the background starts with SIGINT ignored, and one below nohup with SIGHUP.
    """
    quick_keys.install()
    if scheduling.is_quick(config) and (directory := in_memory.begin()):
        config.stash[_FILES] = directory
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Free the memory; the processes that share the tests have ended."""
    if directory := config.stash.get(_FILES, None):
        in_memory.end(directory)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one process alone start a Prefect server, where several run the quick tests."""
    quick = config.option.dist == "loadscope" and scheduling.is_quick(config)
    return scheduling.ByServer(config, log) if quick else None


def pytest_collection_finish() -> None:
    """Let Python look for unreachable circles seldom, and not among what was collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A fresh sandbox."""
    return make_box(tmp_path / "box")


@pytest.fixture
def box_with(tmp_path: Path) -> Callable[[str], Box]:
    """Make a fresh sandbox whose kops runs some shell after each call."""
    return lambda after_call: make_box(tmp_path / "box", after_call=after_call)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from tests.conformance import moto_server

    with moto_server.running() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def minio() -> Iterator[str]:
    from tests.emulators import servers

    with servers.minio() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def fake_gcs_server() -> Iterator[str]:
    from tests.emulators import servers

    with servers.fake_gcs_server() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    from tests.emulators import servers

    with servers.azurite() as endpoint:
        yield endpoint
