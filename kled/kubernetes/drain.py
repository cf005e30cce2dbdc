"""Moving pods off a machine by eviction, which is the one way that asks disruption budgets.

The same pods as `kubectl drain` and kops move: all but those of daemon sets and mirrors. What is on
local disks (emptyDir) is lost with the machine, as with kops' own drain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from kled.errors import DrainBlocked, KledError
from kled.kubernetes.client import Api
from kled.kubernetes.eviction import HeldByBudget, evict
from kled.kubernetes.nodes import cordon
from kled.kubernetes.pods import pods_on
from kled.models.kubernetes import DrainReport, PodState
from kled.retry import Clock
from kled.sentences import duration

_POLL: Final = 2.0
"""Seconds between two looks at the node."""
_SILENCE: Final = 30.0
"""Seconds after which it says what it waits for."""
_AGAIN: Final = 5.0
"""Seconds between two evictions of a pod that a budget holds, as in kubectl."""


def drain(
    api: Api,
    node: str,
    *,
    deadline: timedelta,
    clock: Clock,
    on_line: Callable[[str], None],
    force_unmanaged: bool = False,
) -> DrainReport:
    """Cordon the node, evict its pods, and return when they are gone from it.

    Raises `DrainBlocked`, naming pods and what holds them, at the deadline, or before anything is
    evicted where pods would not come back elsewhere (unless `force_unmanaged`). The node stays
    cordoned then: who called knows who cordoned it. While the API does not answer, it is asked
    again until the deadline. Safe to repeat and to kill: a pod that is gone or leaving is not
    evicted again, and one made anew under the same name is another pod.
    """
    return _Drain(api, node, clock, on_line).run(deadline, force_unmanaged=force_unmanaged)


@dataclass
class _Drain:
    api: Api
    node: str
    clock: Clock
    on_line: Callable[[str], None]
    evicted: dict[str, str] = field(default_factory=dict)
    """Names of the pods whose eviction was granted, by uid."""
    waiting: dict[str, tuple[float, str]] = field(default_factory=dict)
    """When a held pod may be tried again, and what holds it, by uid."""
    said: float = 0.0
    """When something was said last."""

    def run(self, deadline: timedelta, *, force_unmanaged: bool) -> DrainReport:
        began = self.said = self.clock.monotonic()
        ends = began + deadline.total_seconds()
        stayed = 0
        left: list[PodState] | None = None
        failed: KledError | None = None
        looked = False
        while left is None or left:
            try:
                if not looked:
                    cordon(self.api, self.node)
                present = pods_on(self.api, self.node)
                left = [pod for pod in present if pod.evictable]
                stayed = len(present) - len(left)
                if not looked and not force_unmanaged:
                    self._refuse_unmanaged(left)
                looked, failed = True, None
                self._evict(left)
            except KledError as error:
                if not error.retryable:
                    raise
                failed = error
            if left == []:
                break
            self._remind(left, began, failed)
            if self.clock.monotonic() >= ends:
                raise self._blocked(left, deadline) from failed
            self.clock.sleep(_POLL)
        took = self.clock.monotonic() - began
        return DrainReport(self.node, tuple(sorted(self.evicted.values())), stayed, took)

    def _refuse_unmanaged(self, present: list[PodState]) -> None:
        nobodies = [pod.label for pod in present if not pod.owner and not pod.finished]
        if nobodies:
            raise DrainBlocked(
                f"node {self.node} has unmanaged pods: {', '.join(nobodies)}",
                hint="no controller makes them again: move or delete them, or --force-unmanaged",
            )

    def _evict(self, present: list[PodState]) -> None:
        now = self.clock.monotonic()
        for pod in present:
            due, _ = self.waiting.get(pod.uid, (now, ""))
            if pod.leaving or pod.uid in self.evicted or due > now:
                continue
            answer = evict(self.api, pod)
            if isinstance(answer, HeldByBudget):
                if pod.uid not in self.waiting:
                    self._say(f"{pod.label} is held: {answer.reason}")
                self.waiting[pod.uid] = (now + max(_AGAIN, answer.seconds), answer.reason)
            else:
                self.evicted[pod.uid] = pod.label
                self._say(f"{pod.label} is evicted from {self.node}")

    def _remind(self, left: list[PodState] | None, began: float, failed: KledError | None) -> None:
        """Say what is waited for, where nothing was said for a while."""
        now = self.clock.monotonic()
        if now - self.said < _SILENCE:
            return
        waits = f"left: {', '.join(self._reasons(left or []))}" if failed is None else str(failed)
        self._say(
            f"{self.node} drains for {duration(timedelta(seconds=round(now - began)))}; {waits}"
        )

    def _say(self, line: str) -> None:
        self.said = self.clock.monotonic()
        self.on_line(line)

    def _blocked(self, left: list[PodState] | None, deadline: timedelta) -> DrainBlocked:
        minutes = duration(deadline)
        if left is None:
            return DrainBlocked(
                f"node {self.node} was not drained in {minutes}: the Kubernetes API did not answer"
            )
        reasons = self._reasons(left)
        return DrainBlocked(
            f"node {self.node} was not drained in {minutes}; left: {', '.join(reasons)}",
            hint="give the workloads more replicas, loosen the budgets, or allow more time",
        )

    def _reasons(self, left: list[PodState]) -> list[str]:
        return [
            f"{pod.label} ({self.waiting[pod.uid][1]})"
            if pod.uid in self.waiting and pod.uid not in self.evicted
            else f"{pod.label} (does not end; a finalizer or its grace period holds it)"
            for pod in left
        ]
