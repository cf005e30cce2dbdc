"""A runner that replays captured kops calls, and remembers what it was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from kled.process import Finished, OnLine, OnStart

CAPTURES = Path(__file__).parents[2] / "captures" / "kops" / "1.36.2"


@dataclass(frozen=True)
class Capture:
    name: str
    stdout: str
    stderr: str
    returncode: int


def capture(name: str) -> Capture:
    directory = CAPTURES / name
    return Capture(
        name,
        (directory / "stdout").read_text(),
        (directory / "stderr").read_text(),
        int((directory / "rc").read_text().split()[0]),
    )


@dataclass
class Call:
    argv: tuple[str, ...]
    env: dict[str, str]
    timeout: timedelta


@dataclass
class Replay:
    """Answers each call with the next capture."""

    captures: list[Capture]
    calls: list[Call] = field(default_factory=list)

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        timeout: timedelta,
        on_line: OnLine | None = None,
        on_start: OnStart | None = None,
    ) -> Finished:
        self.calls.append(Call(tuple(argv), dict(env), timeout))
        answer = self.captures.pop(0)
        if on_start is not None:
            on_start(4711)
        for stream, text in (("stdout", answer.stdout), ("stderr", answer.stderr)):
            for line in text.splitlines():
                if on_line is not None:
                    on_line(stream, line)  # type: ignore[arg-type]
        return Finished(tuple(argv), answer.returncode, answer.stdout, answer.stderr, 0.1)

    @property
    def words(self) -> list[str]:
        """The argv of the last call, without the program."""
        return list(self.calls[-1].argv[1:])
