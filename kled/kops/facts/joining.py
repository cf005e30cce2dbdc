"""How many of a cluster's nodes are ready, by what kops says when it validates. Pure."""

import re
from typing import Final

from kled.models.share import Share
from kled.models.validation import Failure, ValidationReport
from kled.sentences import number

_MACHINE: Final = "Machine"
"""The kind of failure of a machine that the cloud has, and that has not joined."""
_TOO_FEW: Final = re.compile(r"InstanceGroup .* did not have enough nodes (\d+) vs (\d+)")
"""What kops says of a group whose machines the cloud has not made yet: those it has, and wants
(`validate_cluster.go` of kops 1.36.2)."""


def share(report: ValidationReport) -> Share:
    """Return how many nodes are ready, of those and all that have not joined yet."""
    ready = sum(node.ready for node in report.nodes)
    expected = len(report.nodes) + sum(map(_missing, report.failures))
    if not expected:
        return Share(0, 1, "no node is known yet")
    return Share(ready, expected, f"{ready} of {number(expected, 'node')} ready")


def _missing(failure: Failure) -> int:
    """Return how many nodes a failure says are missing."""
    if failure.kind == _MACHINE:
        return 1
    few = _TOO_FEW.fullmatch(failure.message)
    return int(few[2]) - int(few[1]) if few else 0
