"""A kops that validates a fleet as it is told to, and a time in which clusters change."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from kled import config
from kled.lease.document import Lease, Writer, encode, key
from kled.models.cluster import Cluster
from kled.models.validation import Failure, Node, ValidationReport
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session, Who
from kled.retry import Clock
from tests.fake_kops import FakeKops

NODE = Node("n", "node", "us-east-1a", "n", ready=True)
HEALTHY = ValidationReport((), (NODE,))
SICK = ValidationReport((Failure("Node", "n", 'node "n" is not ready'),), (NODE,))
WRITER = Writer("kled kops rolling-update (ada)", "run 1", "host-a", 7)
HELD = Lease("", WRITER, timedelta(seconds=60), token=3)


@dataclass
class Watched(FakeKops):
    """A fleet; `answers` has for each cluster what kops says, or that look by look."""

    root: Path
    answers: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """Clusters that kops cannot load, with why."""
    meanwhile: Callable[[], None] = lambda: None
    """What happens while the look pauses."""
    looks: list[str] = field(default_factory=list)
    """Clusters that were asked, in their order."""
    naps: list[float] = field(default_factory=list)
    most: int = 0
    """Clusters that were asked at once, at most."""
    now: float = 0.0
    _asking: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def cluster_list(self) -> tuple[Cluster, ...]:
        names = sorted({*self.answers, *self.problems})
        return tuple(
            Cluster(name, "aws", (), "1.36.0", problem=self.problems.get(name, ""))
            for name in names
        )

    def cluster_validate(self, name: str) -> ValidationReport:
        with self._lock:
            self._asking += 1
            self.most = max(self.most, self._asking)
            self.looks.append(name)
            answer = self.answers[name]
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
        try:
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, ValidationReport)
            return answer
        finally:
            with self._lock:
                self._asking -= 1

    def lease(self, cluster: str, lease: Lease) -> None:
        """Write the lease of a cluster, as another command of kled does."""
        path = self.root / "state" / key(cluster)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(lease))

    def session(self) -> Session:
        """Return a session that drives it; its pauses take no time."""
        (self.root / "state").mkdir(exist_ok=True)
        env = {"HOME": str(self.root), "KOPS_STATE_STORE": (self.root / "state").as_uri()}
        kops: Any = self
        clock = Clock(lambda: self.now, self._sleep)
        who = Who("tester", "a run", timedelta(0))
        return Session(config.load(env), kops, clock, who, None, overrides=NOTHING)

    def _sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        self.meanwhile()
