"""Long steps say how far they are in numbers, too (fault 59)."""

import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kled import config
from kled.errors import ClusterNotReady
from kled.models.rolling import Roll, RollingRow
from kled.models.share import Share
from kled.models.validation import Failure, Node, ValidationReport
from kled.operations.guards.overrides import NOTHING
from kled.operations.health.validate_cluster import validate_step
from kled.operations.roll.roll_cluster import Pace
from kled.operations.roll.roll_groups import _Group
from kled.operations.session import Session, Who
from kled.operations.step import attempt
from kled.retry import Clock
from tests.fake_kops import FakeKops

C = "c.example.com"
MACHINE = Failure("Machine", "i-1", 'machine "i-1" has not yet joined cluster')


class Watched:
    """A session whose notes and shares are kept."""

    def __init__(self, root: Path, kops: Any = None) -> None:
        self.notes: list[str] = []
        self.shares: list[Share] = []
        self.session = Session(
            config.load({"HOME": str(root)}),
            kops,
            Clock(time.monotonic, time.sleep),
            Who("t", "a run", timedelta(0)),
            None,
            overrides=NOTHING,
            note=self.notes.append,
            on_share=self.shares.append,
        )


def report(ready: int, *failures: Failure) -> ValidationReport:
    nodes = tuple(Node(f"n-{one}", "node", "a", f"n-{one}", ready=True) for one in range(ready))
    return ValidationReport(failures, nodes)


def test_a_validation_says_how_many_nodes_are_ready_and_each_number_once(tmp_path: Path) -> None:
    left = [report(1, MACHINE), report(1, MACHINE), report(2, MACHINE), report(3)]
    watched = Watched(tmp_path, FakeKops(cluster_validate=lambda _cluster: left.pop(0)))
    step = validate_step(C, timedelta(minutes=5))
    for _ in range(3):
        with pytest.raises(ClusterNotReady):
            attempt(step, watched.session)

    assert attempt(step, watched.session) == "3 nodes ready"
    assert watched.notes == ["1 of 2 nodes ready", "2 of 3 nodes ready"]
    assert [(one.done, one.total) for one in watched.shares] == [(1, 2), (1, 2), (2, 3)]


def test_a_roll_is_one_bar_over_all_its_groups(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    kept: Any = SimpleNamespace(session=watched.session, cluster=C)
    row = RollingRow("nodes-b", "NeedsUpdate", 2, 0, 2, 2, 2)
    before = Share(3, 5, "rolling nodes-b: group 2 of 2, 2 machines left")
    group = _Group(kept, Roll(), Pace(), row, None, before)
    for machine in ("i-4", "i-5", "i-6"):  # the third one is a spare that kops started
        group._line(
            f'I1130 03:21:44.1       1 instancegroups.go:417] Stopping instance "{machine}"'
        )

    assert [(one.done, one.total) for one in watched.shares] == [(4, 5), (5, 5), (5, 5)]
