"""What a rolling update says of its progress (captures cp-17, 57: instancegroups.go)."""

import re
from typing import Final

SCHEDULED: Final = "kops.k8s.io/scheduled-for-update"
"""The taint on nodes that kops is about to replace (kops 1.36.2, instancegroups.go)."""
_STOPPING: Final = re.compile(r'Stopping instance "([^"]+)"')
_DRAINING: Final = re.compile(r'Draining the node: "([^"]+)"')


def stopped(line: str) -> str | None:
    """Return the id of the machine that kops stops now; None for any other line."""
    match = _STOPPING.search(line)
    return match[1] if match else None


def draining(line: str) -> str | None:
    """Return the name of the node that kops drains now; None for any other line."""
    match = _DRAINING.search(line)
    return match[1] if match else None
