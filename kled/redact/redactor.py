"""Takes secrets out of texts, of streams line by line, and of plain data."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from kled.redact.cut_secrets import Pieces
from kled.redact.secret_names import is_key
from kled.redact.secret_shapes import BLOCK_BEGIN, MASK, PEM_BEGIN, PEM_END, QUOTE_BEGIN, SHAPES
from kled.redact.values import forms

_PASSES: Final = 8
_COLOUR: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
_PEM_BEGIN: Final = re.compile(PEM_BEGIN)
_PEM_END: Final = re.compile(PEM_END)
_PEM_LINE: Final = re.compile(
    r"[\s\"'|,\\>]*(?:[A-Za-z0-9+/=\s\"'|,\\]{0,80}|[A-Za-z-]{3,20}: .{0,80})"
)
_PEM_RUN: Final = re.compile(r"[A-Za-z0-9+/=]{24,}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=]{1,76}")
_BLOCK: Final = re.compile(rf"{BLOCK_BEGIN}$", re.IGNORECASE)
_QUOTE: Final = re.compile(QUOTE_BEGIN, re.IGNORECASE)
_QUOTE_END: Final = re.compile(r"(?:[^\"\\]|\\.)*\"")
_LONGEST: Final = 500
"""Lines of a value whose end never comes."""


class Redactor:
    """Replaces secrets in text; remembers, line by line, that it is inside a secret of several.

    One instance per stream: `line` keeps state between calls, `text` and `data` do not. Redacting
    twice gives the same as redacting once.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = forms(secrets)
        self._pieces = Pieces(self._secrets)
        self._inside: _Inside | None = None

    def text(self, text: str) -> str:
        """Return `text` with every known secret and every shape of one replaced.

        Colours go where something is redacted: they may stand within a secret.
        """
        known = self._without_known(text)
        plain = _COLOUR.sub("", known) if "\x1b" in known or "\x9b" in known else known
        masked = plain
        for _ in range(_PASSES):
            before, masked = masked, _without_shapes(self._without_known(masked))
            if masked == before:
                break
        return known if masked == plain else masked

    def line(self, line: str) -> str:
        """Return one line of a stream redacted; lines of a secret of several become the mask."""
        plain = _COLOUR.sub("", line)
        if self._inside is not None:
            goes_on, is_part = self._inside.takes(plain)
            self._inside = self._inside if goes_on else None
            if is_part:
                return MASK
        self._inside = _opened(plain)
        return self.text(line)

    def data(self, value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
        """Return plain data with its texts redacted, and the texts under keys that say secret."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self._key(name): self._under(name, inner) for name, inner in value.items()}
            case list() | tuple():
                return [self.data(inner) for inner in value]
            case _:
                return value

    def _key(self, name: Any) -> Any:  # noqa: ANN401 - a key of plain data
        return self.text(name) if isinstance(name, str) else name

    def _under(self, name: Any, value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
        if isinstance(name, str) and isinstance(value, str) and value and is_key(name):
            return MASK
        return self.data(value)

    def _without_known(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return self._pieces.without(text)


def _without_shapes(text: str) -> str:
    lowered = text.lower()
    for shape in SHAPES:
        text = shape.masked(text, lowered)
    return _without_tails(text) if "PRIVATE KEY" in text else text


def _without_tails(text: str) -> str:
    """Return `text` without what stands before the end of a private key whose beginning was cut."""
    kept: list[str] = []
    last = 0
    for end in _PEM_END.finditer(text):
        lines = text[last : end.start()].split("\n")
        while lines and (not lines[-1].strip() or _BASE64.fullmatch(lines[-1].strip())):
            lines.pop()
        kept += ["".join(f"{line}\n" for line in lines), MASK]
        last = end.end()
    return "".join(kept) + text[last:]


class _Inside(Protocol):
    """A secret of several lines that has begun."""

    def takes(self, line: str) -> tuple[bool, bool]:
        """Return whether the secret goes on after `line`, and whether the line is part of it."""


class _Pem:
    """A private key: until its end, or a line that can be none of it."""

    def takes(self, line: str) -> tuple[bool, bool]:
        if _PEM_END.search(line):
            return False, True
        is_part = bool(_PEM_LINE.fullmatch(line) or _PEM_RUN.search(line))
        return is_part, is_part


class _Block:
    """A YAML block: as long as its lines are blank, or deeper than its key."""

    def __init__(self, indent: int) -> None:
        self._indent = indent

    def takes(self, line: str) -> tuple[bool, bool]:
        is_part = not line.strip() or len(line) - len(line.lstrip(" \t")) > self._indent
        return is_part, is_part


class _Quote:
    """A text in quotes: until they close."""

    def __init__(self) -> None:
        self._lines = 0

    def takes(self, line: str) -> tuple[bool, bool]:
        self._lines += 1
        return not _QUOTE_END.match(line) and self._lines < _LONGEST, True


def _opened(line: str) -> _Inside | None:
    begin = _PEM_BEGIN.search(line)
    if begin:
        return None if _PEM_END.search(line, begin.end()) else _Pem()
    if block := _BLOCK.match(line):
        return _Block(len(block["indent"]))
    return _Quote() if '"' in line and _QUOTE.search(line) else None
