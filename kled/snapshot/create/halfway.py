"""State that is halfway from one snapshot to another: a snapshot of it brings no cluster back.

Whoever restores puts that on record beside the state before the first write. A run looks there when
it has read a cluster, so that what was written before it read is known by then.
"""

from collections.abc import Callable, Iterable
from typing import Final

HALFWAY: Final = "a restore had begun and had not ended when it was taken"
"""What the finding of such a snapshot begins with."""
Halfway = Callable[[str], str]
"""Is given a cluster; returns the finding, empty where no restore of it is open."""


def never(_cluster: str) -> str:
    """Say that no restore is open: for whoever asks nobody."""
    return ""


def is_told(findings: Iterable[str]) -> bool:
    """Whether one of the findings is that a restore was open."""
    return any(finding.startswith(HALFWAY) for finding in findings)
