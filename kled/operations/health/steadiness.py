"""Wait until a cluster is healthy more than once: one lucky validation proves little."""

from datetime import timedelta
from typing import Final

from kled.errors import KledError
from kled.models.rolled import Steadiness
from kled.operations.health.validate_cluster import not_ready
from kled.operations.session import Session

_BETWEEN: Final = 10.0
"""Seconds between two validations."""


def wait_steady(
    session: Session, cluster: str, steadiness: Steadiness, patience: timedelta
) -> None:
    """Return when enough of the last validations passed; raise the last failure at the end.

    The validation with which kops ended counts as the first. Safe to repeat: it only reads.
    """
    ends = session.clock.monotonic() + patience.total_seconds()
    verdicts = [True]
    while True:
        reason: KledError | None = None
        try:
            report = session.kops.cluster.validate(cluster)
            if not report.ready:
                reason = not_ready(cluster, report)
        except KledError as error:
            if not error.retryable:
                raise
            reason = error
        verdicts.append(reason is None)
        if steadiness.holds(verdicts):
            return
        if reason is not None and session.clock.monotonic() >= ends:
            raise reason
        session.clock.sleep(_BETWEEN)
