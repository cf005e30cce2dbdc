"""An error on one line, as the state of a run tells it to people and to `kled run --deployment`.

`Class: message (hint: advice)`: what writes it and what reads it stand here, side by side. Pure.
"""

from typing import Final

from kled import errors
from kled.errors import KledError

_HINT: Final = " (hint: "
_END: Final = ")"


def sentence(message: str, hint: str | None) -> str:
    """Return the message with the hint, where there is one."""
    return f"{message}{_HINT}{hint}{_END}" if hint else message


def line(kind: type[KledError], sentence: str) -> str:
    """Return the line of an error of that class."""
    return f"{kind.__name__}: {sentence}"


def read(line: str) -> tuple[type[KledError], str, str | None] | None:
    """Return the class, the message and the hint of a line; None where it tells no error of kled's.

    A message that holds a hint's beginning itself is cut there: what follows is shown as the hint.
    """
    name, _, rest = line.partition(":")
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, KledError)):
        return None
    message, _, hint = rest.strip().partition(_HINT)
    return kind, message, hint.removesuffix(_END) if hint else None
