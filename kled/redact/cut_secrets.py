"""Known secrets that are cut: by a child that wraps its lines, by a limit of characters. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from kled.redact.secret_shapes import MASK

SHORTEST: Final = 8
"""Characters of a secret that are looked for; fewer stand in innocent words."""
_LINE_END: Final = re.compile(r"(\n|\\n)")
_CUT: Final = ".\u2026\ufffd"
"""What stands where something is cut, be it within a character."""
_BEFORE: Final = f" \t\"'|>{_CUT}"
_AFTER: Final = f" \t\r\\\"'{_CUT}"
_SOLID: Final = re.compile(r"[^\s{}]+")
_LONE: Final = re.compile(
    rf"(?:^|(?<=\\n))[{re.escape(_BEFORE)}]*+([^\s{{}}\\]{{{SHORTEST},}}?)[{re.escape(_AFTER)}]*(?=\\n|$)",
    re.MULTILINE,
)
"""A line of one word."""


class Pieces:
    """What lines show of secrets: the beginning of one at its end, the rest at the next's start.

    Only of secrets without blanks: the lines of others are words as everybody writes them.
    """

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = tuple(
            form for form in forms if len(form) > SHORTEST and _SOLID.fullmatch(form)
        )
        self._ends = tuple({end for form in self._forms for end in _ends(form)})
        self._all = "\n".join(self._forms)

    def without(self, text: str) -> str:
        """Return `text` with each such piece of `SHORTEST` characters and more masked."""
        if not self._forms:
            return text
        ends = {end for end in self._ends if end in text}
        if not ends and not any(match[1] in self._all for match in _LONE.finditer(text)):
            return text
        shown = [form for form in self._forms if not ends.isdisjoint(_ends(form))]
        return "".join(self._line(part, shown) for part in _LINE_END.split(text))

    def _line(self, line: str, shown: Iterable[str]) -> str:
        lone = _LONE.fullmatch(line)
        if lone and lone[1] in self._all:
            return f"{line[: lone.start(1)]}{MASK}{line[lone.end(1) :]}"
        for form in shown:
            line = _without_end(form, _without_beginning(form, line))
        return line


def _ends(form: str) -> tuple[str, str]:
    return form[:SHORTEST], form[-SHORTEST:]


def _without_beginning(form: str, line: str) -> str:
    body = line.rstrip(_AFTER)
    at = body.find(form[:SHORTEST], max(0, len(body) - len(form)))
    while at >= 0:
        if form.startswith(body[at:]):
            return f"{line[:at]}{MASK}{line[len(body) :]}"
        at = body.find(form[:SHORTEST], at + 1)
    return line


def _without_end(form: str, line: str) -> str:
    first = len(line) - len(line.lstrip(_BEFORE))
    at = line.find(form[-SHORTEST:], first, first + len(form))
    while at >= 0:
        end = at + SHORTEST
        if form.endswith(line[first:end]):
            return f"{line[:first]}{MASK}{line[end:]}"
        at = line.find(form[-SHORTEST:], at + 1, first + len(form))
    return line
