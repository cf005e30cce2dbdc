"""Text from elsewhere, made safe to look at. Pure.

Names of objects, clusters and groups, what kops says and what errors quote may hold anything that
a file name or a JSON text can. A terminal obeys control sequences, a line feed makes a table row
or a log line, and some characters reverse, hide or imitate others. Here each of them becomes the
escape that Python, JSON and YAML write for it, and everything else stays as it is.
"""

import logging
import re
from typing import Final

_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that draw nothing, though `str.isprintable` takes them for printable."""
_LARGEST_SHORT: Final = 0xFFFF


def visible(text: str) -> str:
    r"""Return `text` in one line of characters that are seen: `\n`, `\x1b` and `\u202e` as escapes.

    Escaped are control characters (C0, DEL, C1), separators of lines, every blank but the space,
    marks that change the direction, join or hide, halves of surrogate pairs (bytes that were no
    UTF-8), and what Unicode has not assigned. A backslash stays as it is.
    """
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(char if _is_seen(char) else _escape(char) for char in text)


def visible_lines(text: str) -> str:
    """Return a text of several lines with each made visible: only line feeds end one."""
    return "\n".join(map(visible, text.split("\n")))


def quoted(text: str, *, ascii_only: bool = False) -> str:
    r"""Return a JSON or YAML text with what cannot be seen in its quoted strings as `\uXXXX`.

    The values stay the same: neither form lets such a character stand outside of quotes. Line feeds
    and tabs, which lay the text out, stay. With `ascii_only` so become all others beyond ASCII.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        char
        if char in "\n\t" or (_is_seen(char) and (char.isascii() or not ascii_only))
        else _json(char)
        for char in text
    )


def _is_seen(char: str) -> bool:
    return char.isprintable() and not _INVISIBLE.match(char)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _json(char: str) -> str:
    if ord(char) <= _LARGEST_SHORT:
        return f"\\u{ord(char):04x}"
    return "".join(f"\\u{unit:04x}" for unit in _surrogates(ord(char)))


def _surrogates(point: int) -> tuple[int, int]:
    high, low = divmod(point - 0x10000, 0x400)
    return 0xD800 + high, 0xDC00 + low


class VisibleFilter(logging.Filter):
    """Makes records visible where they leave: one of kled's is one line, whatever it quotes.

    Others' messages and tracebacks keep their lines, indented, so that none looks like a record of
    its own. Put it on handlers, after `RedactingFilter`.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record` in place and let it pass."""
        message = record.getMessage()
        own = record.name.partition(".")[0] == "kled"
        record.msg = visible(message) if own else _indented(message)
        record.args = None
        if record.exc_info:
            record.exc_text = record.exc_text or logging.Formatter().formatException(
                record.exc_info
            )
            record.exc_info = None
        if record.exc_text:
            record.exc_text = visible_lines(record.exc_text)
        return True


def _indented(text: str) -> str:
    return "\n    ".join(map(visible, text.split("\n")))
