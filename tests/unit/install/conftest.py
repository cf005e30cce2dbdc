import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kled.install.install import install
from kled.install.managed import Installed, Request
from kled.install.release import Platform
from kled.retry import Clock
from tests.unit.install.mirror import Mirror, running

Install = Callable[..., Installed]


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One for all: loading the certificate authorities takes longer than a test."""
    with httpx.Client(timeout=0.3, trust_env=False) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    """Real time, but nobody waits long."""
    return Clock(time.monotonic, lambda seconds: time.sleep(min(seconds, 0.01)), lambda: 0.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def do_install(mirror: Mirror, http: httpx.Client, clock: Clock, home: Path) -> Install:
    def call(
        version: str = "1.36.2",
        *,
        progress: Callable[[int, int | None], None] = lambda done, total: None,
        verify_only: bool = False,
        base: str | None = None,
    ) -> Installed:
        request = Request(
            version,
            home,
            Platform("linux", "amd64"),
            mirror=base or mirror.base,
            verify_only=verify_only,
        )
        return install(request, http=http, clock=clock, progress=progress)

    return call
