"""How kops shortens a name that is too long for a cloud: its beginning, and a hash of the whole."""

import base64
from typing import Final

_HASH: Final = 6


def truncated(text: str, most: int) -> str:
    """Return `text` in `most` characters (kops: `pkg/truncate`, Google's `LimitedLengthName`)."""
    if len(text) <= most:
        return text
    value = 0x811C9DC5  # FNV-1a, 32 bits
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 % (1 << 32)
    hashed = base64.b32hexencode(value.to_bytes(4, "big")).decode().lower()[:_HASH]
    return f"{text[: most - _HASH - 1]}-{hashed}"
