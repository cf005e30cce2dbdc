"""Prefect is imported by the tests of tasks; its environment is prepared first."""

import logging
import os
from collections.abc import Iterator

import pytest

from tasks.running.environment import prepare

prepare(os.environ)


class Kept(logging.Handler):
    """Keeps what is said, and how grave it is."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append((record.levelname, record.getMessage()))


@pytest.fixture
def kept() -> Iterator[Kept]:
    """What kled says, and Prefect of attempts at tasks; each record once, whoever else listens."""
    handler = Kept()
    loggers = [logging.getLogger(name) for name in ("kled", "prefect.task_runs")]
    for one in loggers:
        one.addHandler(handler)
    yield handler
    for one in loggers:
        one.removeHandler(handler)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Take away what a run forwards its log by: pytest's own handlers are among it."""
    core = logging.getLogger("kled")
    before = core.handlers[:]
    yield
    core.handlers[:] = before
