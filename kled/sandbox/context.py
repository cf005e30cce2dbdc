"""What every simulated verb is given: streams, environment, clock, state store, directory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO


class KopsFailure(Exception):
    """Ends the simulated call as kops ends a failing one: `Error: <message>` on stderr, status 1.

    `silent` drops the `Error:` line (kops does so where the user answered no to a prompt).
    """

    def __init__(self, message: str, *, silent: bool = False) -> None:
        super().__init__(message)
        self.silent = silent


class KopsPanic(Exception):
    """Ends the simulated call as a Go panic does: the reason on stderr, status 2."""


class StateStore(Protocol):
    """The state store that kops writes to; keys are relative to its root, `/`-separated."""

    @property
    def url(self) -> str:
        """The base as kops prints it, for example `s3://bucket` or a bare path for file://."""

    def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""

    def write(self, key: str, body: bytes) -> None:
        """Write atomically (file://: mode 0600, temporary file and rename)."""

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""

    def keys(self, prefix: str) -> Iterable[str]:
        """Yield all keys that start with `prefix`, sorted."""


@dataclass(frozen=True)
class Context:
    """One call of the simulated kops."""

    env: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    now: Callable[[], datetime]
    """UTC wall clock."""
    sleep: Callable[[float], None]
    """Sleep for simulated seconds, divided by the sandbox's time compression."""
    sandbox: Path
    """The sandbox directory: cloud/ holds the simulated cloud, faults.json the injected faults."""
    store: StateStore

    def out(self, line: str = "") -> None:
        """Write one line to stdout."""
        self.stdout.write(line + "\n")

    def log(self, level: str, source: str, message: str) -> None:
        """Write one klog line to stderr: `I1123 14:50:28.683636   11459 source.go:12] message`."""
        stamp = self.now().strftime("%m%d %H:%M:%S.%f")
        self.stderr.write(f"{level}{stamp} {1:>7} {source}] {message}\n")
        self.stderr.flush()
