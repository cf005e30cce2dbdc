"""The real kops and a cloud for it: shared by every test that drives kops end to end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import cloud as clouds

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def real_kops() -> Path:
    """The kops that KLED_TEST_KOPS names; without it the test is skipped."""
    named = os.environ.get("KLED_TEST_KOPS")
    if not named:
        pytest.skip("KLED_TEST_KOPS names no real kops (make test-kops KLED_TEST_KOPS=/path)")
    path = Path(named).resolve()
    assert os.access(path, os.X_OK), f"KLED_TEST_KOPS={named} cannot be executed"
    return path


@pytest.fixture(scope="session")
def moto_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A patched moto alone."""
    with clouds.moto_server(tmp_path_factory.mktemp("moto") / "log") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def real_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clouds.RealCloud]:
    """An empty cloud for the tests of one module."""
    with clouds.real_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="module")
def kled_env(real_kops: Path, real_cloud: clouds.RealCloud) -> dict[str, str]:
    """The whole environment of a kled that drives the real kops in the cloud."""
    return real_cloud.env | {"KLED_KOPS": str(real_kops)}
