"""How far a count or a size may go: kops' fields of them are int32."""

from typing import Final

MOST: Final = (1 << 31) - 1
"""The greatest count of machines and size of a disk in GB that a definition can hold."""
