"""What kops itself wrote on stderr, told from what a name put there. Pure.

Kops quotes the names that it speaks of, but writes the path of what it cannot parse as it is
(`readConfig` of pkg/client/simple/vfsclientset/commonvfs.go): a name with a line feed goes on in
the next line, which may look like any line of kops. In such an entry the name stands quoted before.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, cast

QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
"""A text as Go's `%q` writes it; the group is what `unquoted` takes."""

LogSeverity = Literal["I", "W", "E", "F"]
"""As klog marks its entries: information, warning, error, fatal."""

_HEADLINE: Final = re.compile(r"([IWEF])\d{4} \S+ +\d+ \S+?:\d+\] (.*)")
_STRING: Final = re.compile(QUOTED)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SHORT: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ASCII: Final = 0x80
_LARGEST: Final = 0x10FFFF
_ERROR: Final = "Error: "
_DECIDES: Final = re.compile(r"Error: |panic: |[IWEF]\d{4} ")
"""How a line begins that says something by itself."""


def entry(line: str) -> tuple[LogSeverity, str] | None:
    """Return how grave an entry is, and its words; None for a line that klog did not write.

    Kops' own talk may begin with the same letters: `Waiting for ...`, `Error: ...`.
    """
    match = _HEADLINE.fullmatch(line)
    return (cast("LogSeverity", match[1]), match[2]) if match else None


def words(line: str) -> str:
    """Return what a line says, without the headline of an entry."""
    message = entry(line)
    return (message[1] if message else line).strip()


def entries(stderr: str) -> Iterator[str]:
    """Yield the words of each warning and error that kops logged.

    It ends where a name may have forged what follows (`is_broken`), and with the error that the
    call ended with: kops logs nothing after it.
    """
    for line in stderr.split("\n"):
        if line.startswith(_ERROR):
            return
        message = entry(line)
        if message and message[0] in {"W", "E"}:
            yield message[1]
        if _breaks(line):
            return


def is_broken(stderr: str) -> bool:
    """Say whether the line feed of a name ends a line, so that others may be of its making."""
    return any(map(_breaks, stderr.split("\n")))


def own(stderr: str) -> str:
    """Return the text with each line indented that a name may have forged.

    Kops ends with one line `Error: …`; another one below it is none of its own (no capture has
    two), and neither is what follows a broken line.
    """
    lines, ended, broken = [], False, False
    for line in stderr.split("\n"):
        foreign = broken or (ended and line.startswith((_ERROR, "panic: ")))
        lines.append(f" {line}" if foreign and _DECIDES.match(line) else line)
        ended = ended or line.startswith(_ERROR)
        broken = broken or _breaks(line)
    return "\n".join(lines)


def unquoted(text: str) -> str:
    """Return a name that Go quoted as kops' JSON has it: a byte that is no UTF-8 is U+FFFD."""
    return _ESCAPE.sub(_sign, text)


def _breaks(line: str) -> bool:
    names = (unquoted(match[1]) for match in _STRING.finditer(line) if "\\n" in match[0])
    return any("\n" in name and line.endswith(name.partition("\n")[0]) for name in names)


def _sign(escape: re.Match[str]) -> str:
    byte, short, long, sign = escape.groups()
    if sign is not None:
        return _SHORT.get(sign, sign)
    code = int(byte or short or long, 16)
    return "\ufffd" if code > _LARGEST or (byte and code >= _ASCII) else chr(code)
