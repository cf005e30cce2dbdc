"""Words in markdown, for artifacts, descriptions and forms: they stay words, whatever they hold."""

import re
from typing import Final

from kled.visible import visible

_SIGNS: Final = re.compile(
    r"[\\`*<>\[|&~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+#=]|^\d+(?=[.)](?: |$))"
)
"""What would begin a code, emphasis, link, tag, entity, cell, list or heading where it stands."""
_ESCAPED: Final = re.compile(r"\\([\\`*<>\[|&~_+\-=#.)])")
_FENCE: Final = "```"


def inline(text: str) -> str:
    r"""Return `text` as a markdown text of one line that shows just them, in cells of tables, too.

    Nothing in them is a link, an image, a tag, an entity, code or the end of a cell; line feeds and
    whatever else cannot be seen are escapes, as in `kled.visible`.
    """
    return _SIGNS.sub(_escaped, visible(text))


def plain(text: str) -> str:
    """Return a markdown text as it is read where nothing lays it out: without what `inline` adds.

    What stands in blocks of code has nothing added, and stays.
    """
    lines: list[str] = []
    in_code = False
    for line in text.split("\n"):
        in_code ^= line.startswith(_FENCE)
        lines.append(line if in_code else _ESCAPED.sub(r"\1", line))
    return "\n".join(lines)


def _escaped(sign: re.Match[str]) -> str:
    if sign[0].isdigit():
        return f"{sign[0]}\\"  # the point or bracket after it is what counts
    return f"\\{sign[0]}"
