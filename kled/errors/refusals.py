"""What keeps a change from being made: another writer, a person, another home, a server."""

from kled.errors.base import KledError


class LeaseHeld(KledError):
    """Another writer holds the cluster's lease."""

    exit_code = 5


class LeaseLost(KledError):
    """This writer's lease could not be kept; its kops was stopped."""

    exit_code = 5


class NotApproved(KledError):
    """Policy denies the operation, or nobody confirmed it."""

    exit_code = 6


class WindowClosed(NotApproved):
    """The cluster's maintenance windows are closed."""


class IdentityAtRisk(NotApproved):
    """A keyset or secret that the cluster lives by is gone, or would be replaced by a new one."""


class EpochMismatch(KledError):
    """Recovery moved the cluster to another state store; this one must not change it any more."""

    exit_code = 6


class FlowServerDenied(KledError):
    """The Prefect server does not accept the credentials, or there are none."""


class FlowFailed(KledError):
    """A flow run ended in another state than completed."""
