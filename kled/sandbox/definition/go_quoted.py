"""Go's `%q`: a text in double quotes, with an escape for each sign that is not printed."""

_SHORT = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b",
    "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip
_BYTES = range(0xDC80, 0xDD00)
"""How Python holds a byte that is no UTF-8."""
_LARGEST_SHORT = 0xFFFF


def quoted(text: str) -> str:
    """Return the text as Go quotes it; its escapes of line feeds keep it on one line."""
    return '"' + "".join(_SHORT.get(sign) or _escaped(sign) for sign in text) + '"'


def _escaped(sign: str) -> str:
    code = ord(sign)
    if sign.isprintable():
        return sign
    if code < ord(" ") or code == 0x7F:  # noqa: PLR2004 - DEL
        return f"\\x{code:02x}"
    if code in _BYTES:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code <= _LARGEST_SHORT else f"\\U{code:08x}"
