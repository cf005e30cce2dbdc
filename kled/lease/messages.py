"""What holder and watchdog tell each other: one JSON object a line, the word under `say`.

Holder:    open (url, endpoint, region) · lease (lease, tag, since) · beat (at) ·
           child (pid, started) · ask · release
Watchdog:  ready · renewed (since) · failed (why; it tries again) · lost (why) · here · released
Times are `boot_time`, which is one clock for all processes of a machine.
The pipe carries no credentials: the watchdog finds those in its environment.
"""

import json
from collections.abc import Iterator
from typing import IO, Any

Message = dict[str, Any]


def line(say: str, **fields: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    """Return one message as it goes over the pipe."""
    return json.dumps({"say": say, **fields}).encode() + b"\n"


def send(pipe: IO[bytes], say: str, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Write one message at once; raise OSError where the other side is gone."""
    pipe.write(line(say, **fields))
    pipe.flush()


def told(pipe: IO[bytes], say: str, **fields: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Write one message as `send` does; say whether the other side is still there to hear it."""
    try:
        send(pipe, say, **fields)
    except OSError:
        return False
    return True


def received(pipe: IO[bytes]) -> Iterator[Message]:
    """Yield messages until the other side is gone; half a line is its last gasp and is left out."""
    for text in pipe:
        if text.endswith(b"\n"):
            yield json.loads(text)
