"""What holder and watchdog tell each other: one JSON object a line, its kind under `say`.

Times are `boot_time`, which is one clock for all processes of a machine.
The pipe carries no credentials: the watchdog finds those in its environment.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import IO, Final, TypeVar


@dataclass(frozen=True, slots=True)
class Open:
    """The holder's first word: where the lease will lie."""

    url: str
    endpoint: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Hand:
    """The holder hands its lease over, to be renewed from now on."""

    lease: str
    tag: str
    since: float


@dataclass(frozen=True, slots=True)
class Beat:
    """The holder lives."""

    at: float


@dataclass(frozen=True, slots=True)
class Start:
    """The holder has started a process that must not outlive the lease."""

    pid: int
    started: int | None


@dataclass(frozen=True, slots=True)
class AskForNews:
    """The holder asks for `Here`, before which it hears all that the watchdog knows by now."""


@dataclass(frozen=True, slots=True)
class Release:
    """The holder needs the lease no longer."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The watchdog has opened the store."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The watchdog has renewed the lease."""

    since: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The watchdog could not write the lease, and tries again."""

    why: str


@dataclass(frozen=True, slots=True)
class LeaseIsLost:
    """The lease cannot be relied on any more, or the watchdog could not begin."""

    why: str


@dataclass(frozen=True, slots=True)
class Here:
    """The watchdog's answer to `AskForNews`."""


@dataclass(frozen=True, slots=True)
class Released:
    """The watchdog has written the release."""

    since: float


@dataclass(frozen=True, slots=True)
class Gone:
    """The other side has ended; never sent, but noticed."""


FromHolder = Open | Hand | Beat | Start | AskForNews | Release
FromWatchdog = Ready | Renewed | Failed | LeaseIsLost | Here | Released
_OF_HOLDER: Final[dict[str, type[FromHolder]]] = {
    "open": Open,
    "lease": Hand,
    "beat": Beat,
    "child": Start,
    "ask": AskForNews,
    "release": Release,
}
_OF_WATCHDOG: Final[dict[str, type[FromWatchdog]]] = {
    "ready": Ready,
    "renewed": Renewed,
    "failed": Failed,
    "lost": LeaseIsLost,
    "here": Here,
    "released": Released,
}
_WORDS: Final = {kind: word for word, kind in (*_OF_HOLDER.items(), *_OF_WATCHDOG.items())}
_T = TypeVar("_T")


def encode(message: FromHolder | FromWatchdog) -> bytes:
    """Return one message as it goes over the pipe."""
    return json.dumps({"say": _WORDS[type(message)], **asdict(message)}).encode() + b"\n"


def send(pipe: IO[bytes], message: FromHolder | FromWatchdog) -> None:
    """Write one message at once; raise OSError where the other side is gone."""
    pipe.write(encode(message))
    pipe.flush()


def told(pipe: IO[bytes], message: FromHolder | FromWatchdog) -> bool:
    """Write one message as `send` does; say whether the other side is still there to hear it."""
    try:
        send(pipe, message)
    except OSError:
        return False
    return True


def from_holder(pipe: IO[bytes]) -> Iterator[FromHolder]:
    """Yield what the holder says until it is gone."""
    return _decode(pipe, _OF_HOLDER)


def from_watchdog(pipe: IO[bytes]) -> Iterator[FromWatchdog]:
    """Yield what the watchdog says until it is gone."""
    return _decode(pipe, _OF_WATCHDOG)


def _decode(pipe: IO[bytes], kinds: Mapping[str, type[_T]]) -> Iterator[_T]:
    """Yield the messages of a pipe; half a line is a last gasp and is left out."""
    for line in pipe:
        if line.endswith(b"\n"):
            fields = json.loads(line)
            yield kinds[fields.pop("say")](**fields)
