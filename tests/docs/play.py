"""What surrounds the commands of a document, and which of their names are examples."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.docs.shell import Done
from tests.docs.stage import SPEED, Stage

Prepare = Callable[[Stage], None]
Look = Callable[[Stage, Done], None]

SUBSTITUTIONS: Final[Mapping[str, str]] = {
    r"^make demo$": "make -C {root} -o install BIN={programs} demo",  # what is installed here
    r"/tmp/box\b": "{box}",
    r"(sandbox start [^#]*)": rf"\1 --speed={SPEED:.0f} ",
    r"(?<==)C\b": "{cluster}",
    r"\b0b5a6a4f9c1e\b": "{digest}",
    r"(?<=snapshot=)ID\b": "{snapshot}",
    r"\b3f0c1c1e\b": "{run}",
    r"\bOLD-URL\b": "s3://new-store",
    r"(?<=canary=)nodes-b\b": "nodes-us-east-1a",
    r"--pause=10m": "--pause=0s",
    r"\bpause=10\b": "pause=0",
    r"gs://acme-second-site": "s3://acme-second-site",
    r"throttled calls=3": "throttled calls=1",
    r"\$HOME/snapshots\.key": "{keys}/snapshots.key",
    r"http://127\.0\.0\.1:4200/api": "{api}",
    r"https://s3\.example\.com": "{s3}",
}
"""What stands for the reader's own, and waits that nobody needs here; in order."""
_COMMENT: Final = re.compile(r"\s+#[^\n]*$")


def is_begun(command: str, start: str) -> bool:
    """Say whether a command begins so; a line feed at the end means all of it, but its comment."""
    return f"{_COMMENT.sub('', command)}\n".startswith(start)


@dataclass(frozen=True)
class Play:
    """What a document takes for granted; its commands are typed in order.

    The keys of the mappings are beginnings of the document's commands (`is_begun`).
    """

    begins: Prepare
    before: Mapping[str, Prepare] = field(default_factory=dict)
    after: Mapping[str, Look] = field(default_factory=dict)
    exits: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """The exit status of a command that does not end with 0, and where the document says so."""
    run_on: Mapping[str, Look] = field(default_factory=dict)
    """Commands that run until somebody ends them, and what waits until they are ready."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Commands that no test can run, each with the reason; `LEFT_OUT` in the test counts them."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Commands that another test runs from the document, and that test's file."""

    needs: tuple[str, ...] = ()
    """Programs that its commands name, beside kled's and Prefect's."""

    def named(self) -> list[str]:
        """Return the beginnings of all commands that the play names."""
        kinds = (self.before, self.after, self.exits, self.run_on, self.left_out, self.held)
        return sorted({key for kind in kinds for key in kind})
