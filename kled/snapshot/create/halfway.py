"""State that is halfway from one snapshot to another: a snapshot of it brings no cluster back.

Whoever restores puts that on record beside the state before the first write. A run looks there when
it has read a cluster, so that what was written before it read is known by then.
"""

from collections.abc import Iterable
from typing import Final, Protocol

HALFWAY: Final = "a restore had begun and had not ended when it was taken"
"""What the finding of such a snapshot begins with."""


class OpenRestores(Protocol):
    """Says of which cluster a restore is open; safe for threads."""

    def look(self) -> None:
        """Note what is on record, before the run lists or reads any cluster."""

    def __call__(self, cluster: str, /) -> str:
        """Return the finding for what was read of the cluster; empty where no restore is open."""


class Never:
    """Says that no restore is open: for whoever asks nobody."""

    def look(self) -> None:
        """Ask nobody."""

    def __call__(self, _cluster: str) -> str:
        """Return nothing."""
        return ""


def has_open_restore(findings: Iterable[str]) -> bool:
    """Whether one of the findings is that a restore was open."""
    return any(finding.startswith(HALFWAY) for finding in findings)
