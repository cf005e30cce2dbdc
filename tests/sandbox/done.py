"""What a call of the simulated kops left."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """A call that ended."""

    returncode: int
    stdout: str
    stderr: str
