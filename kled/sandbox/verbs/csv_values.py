"""One flag's values as Go's `encoding/csv` reads them: the first record of a text, and no more.

pflag reads a list so; `--set` of kops reads it with lazy quotes, where a quote may stand anywhere.
"""

import re

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_BARE = 'bare " in non-quoted-field'
_EXTRANEOUS = 'extraneous or missing " in quoted-field'


def values(text: str, *, lazy: bool) -> list[str]:
    """Return the values of a text; none of an empty one.

    Raises `ValueError`: quotes that are not CSV, or nothing but blank lines; the message is Go's.
    """
    return _Record(text, lazy=lazy).read() if text else []


class _Record:
    """The first record: it ends at its line's end, outside of quotes."""

    def __init__(self, text: str, *, lazy: bool) -> None:
        lines = [_ended(line) for line in _LINES.findall(text)]
        self._number = next((at for at, line in enumerate(lines) if line != "\n"), len(lines))
        self._first = self._number
        self._lines = lines
        self._lazy = lazy
        self._at = 0

    def read(self) -> list[str]:
        if not self._line:
            raise ValueError("EOF")
        fields = [self._field()]
        while self._line[self._at : self._at + 1] == ",":
            self._at += 1
            fields.append(self._field())
        return fields

    @property
    def _line(self) -> str:
        return self._lines[self._number] if self._number < len(self._lines) else ""

    def _field(self) -> str:
        if self._line[self._at : self._at + 1] == '"':
            self._at += 1
            return self._quoted()
        start, line = self._at, self._line.removesuffix("\n")
        comma = line.find(",", start)
        self._at = comma if comma >= 0 else len(line)
        bare = line.find('"', start, self._at)
        if bare >= 0 and not self._lazy:
            raise self._error(bare, _BARE)
        return line[start : self._at]

    def _quoted(self) -> str:
        taken = ""
        while self._line:
            quote = self._line.find('"', self._at)
            if quote < 0:
                taken += self._line[self._at :]
                self._number, self._at = self._number + 1, 0
                continue
            taken += self._line[self._at : quote]
            self._at = quote + 1
            following = self._line[self._at : self._at + 1]
            if following in {"", "\n", ","}:
                return taken
            if following != '"' and not self._lazy:
                raise self._error(quote, _EXTRANEOUS)
            taken += '"'
            self._at += following == '"'
        if not self._lazy:
            self._number -= 1
            raise self._error(len(self._line), _EXTRANEOUS)
        return taken

    def _error(self, at: int, what: str) -> ValueError:
        column = len(self._line[:at].encode(errors="replace")) + 1
        told = f"parse error on line {self._number + 1}, column {column}: {what}"
        begun = f"record on line {self._first + 1}; " if self._first != self._number else ""
        return ValueError(f"{begun}{told}")


def _ended(line: str) -> str:
    """Return a line as Go reads it: no carriage return stands at its end."""
    bare = line.removesuffix("\n")
    return bare.removesuffix("\r") + line[len(bare) :]
