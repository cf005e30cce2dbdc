"""One control plane for all tests of this room, and two machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kubernetes import control_plane
from tests.kubernetes.kubelets import Kubelets
from tests.kubernetes.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kled.kubernetes.client import Api
    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.workloads import Workloads

MACHINES = ("n1", "n2")


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    control_plane.require_control_plane()
    with control_plane.running() as plane:
        yield plane


@pytest.fixture(scope="session")
def joined(plane: ControlPlane) -> Iterator[None]:
    """Machines that are ready for pods, as long as the tests last."""
    with plane.connect() as api, Kubelets(api, MACHINES):
        yield


@pytest.fixture
def api(plane: ControlPlane, joined: None) -> Iterator[Api]:
    with plane.connect() as api:
        yield api


@pytest.fixture
def running(api: Api, request: pytest.FixtureRequest) -> Iterator[Workloads]:
    """A namespace of the test's own."""
    name = request.node.name.replace("_", "-")[:50].rstrip("-")
    with workloads(api, name) as workload:
        yield workload
