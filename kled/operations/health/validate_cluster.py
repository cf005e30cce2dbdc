"""Wait until a cluster validates."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from kled.commands import about
from kled.errors import ClusterNotReady, NotReadyInTime
from kled.kops.facts import joining
from kled.kops.failures import placeholder
from kled.models.cluster_event import ClusterEvent
from kled.models.validation import Failure, ValidationReport
from kled.operations.guards.guards import READS
from kled.operations.identity import lost_keys
from kled.operations.instance_group import lost_groups
from kled.operations.runner import StepObserver, run_to_end
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import PATIENCE
from kled.sentences import first_of, number, options

_SHOWN = 3
NO_NODES: Final = "none besides the control plane: other pods have nowhere to run"
"""The remark on a cluster that kops calls healthy because no machine is missing."""


@dataclass(frozen=True, slots=True)
class ValidateCluster:
    """Ask until the cluster is healthy or the patience is over."""

    cluster: str
    patience: timedelta = timedelta(minutes=30)

    name = "validate cluster"
    guards = READS

    def steps(self) -> tuple[Step[ValidationReport]]:
        """Return the one step: it makes the report of the last attempt that got one."""
        return (validate_step(self.cluster, self.patience),)


def validate_once(session: Session, cluster: str) -> ValidationReport:
    """Ask once whether a cluster is healthy; raises what `Kops.validate` does.

    An applied cluster that has lost its keys raises `KeysetMissing`, not `NotYetApplied`.
    """
    with lost_keys.tell_lost_keys_apart(session, cluster):
        return session.kops.cluster.validate(cluster)


def wait_until_healthy(
    session: Session, validation: ValidateCluster, observer: StepObserver | None
) -> tuple[ValidationReport, NotReadyInTime | None]:
    """Return the last report, and an error where the cluster was not healthy in time.

    Raises that error where no attempt got a report.
    """
    ended = run_to_end(validation, session, observer)
    if ended.result is not None and isinstance(ended.error, NotReadyInTime):
        return ended.result, ended.error
    return ended.require().result, None


def validate_step(cluster: str, patience: timedelta) -> Step[ValidationReport]:
    """`kops validate cluster`, again and again. Safe to repeat: it only reads."""
    reports: list[ValidationReport] = []

    def act(session: Session) -> str:
        report = validate_once(session, cluster)
        reports[:] = [report]
        if not report.ready:
            session.tell(joining.share(report))
        if not report.ready:
            raise not_ready(cluster, report)
        return lost_groups.words(session, cluster, healthy(report))

    # as many attempts as fit in: the deadline ends the waiting, not their number
    attempts = max(PATIENCE.attempts, patience // PATIENCE.first_delay + 2)
    policy = replace(PATIENCE, attempts=attempts, deadline=patience)
    event = ClusterEvent.HEALTHY
    return Step("validate cluster", act, policy, event=event, result=lambda: reports[0])


def healthy(report: ValidationReport) -> str:
    """Say how many nodes a healthy cluster has, and whether any of them takes pods."""
    nodes = f"{number(len(report.nodes), 'node')} ready"
    return nodes if report.bears_pods else f"{nodes}, {NO_NODES}"


def not_ready(cluster: str, report: ValidationReport) -> ClusterNotReady:
    """Return the error that names the first failures of `report`."""
    first = first_of([_told(failure) for failure in report.failures], _SHOWN)
    address = next(filter(None, map(_placeholder, report.failures)), None)
    shown = f"kled kops get-instances {options(name=cluster)}"
    hint = f"new nodes need some minutes to join; {shown} shows them"
    return ClusterNotReady(
        f'cluster "{cluster}" is not healthy: {first}',
        hint=about(hint if address is None else placeholder.hint(address), cluster),
    )


def _told(failure: Failure) -> str:
    """Return a failure as one line; kops has a page on the placeholder (capture T-dns-phj)."""
    address = _placeholder(failure)
    if address is not None:
        return f"the name of its API still has the placeholder address {address}"
    return f"{failure.kind} {failure.name}: {failure.message}"


def _placeholder(failure: Failure) -> str | None:
    return placeholder.address(failure.message) if failure.kind == "dns" else None
