"""The whole numbers that a field of a Cluster or an InstanceGroup can hold. Pure.

kops reads a number of `--set` with 64 bits and cuts it to those of its field without a word: of
4294967297 an int32 stores 1 (util/pkg/reflectutils/access.go).
"""

import re
from typing import Final

from kled.errors import InvalidInput
from kled.kops.fields.known_fields import Field

RANGES: Final = {
    "int16": (-(1 << 15), (1 << 15) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "int": (-(1 << 63), (1 << 63) - 1),
    "uint8": (0, (1 << 8) - 1),
    "uint32": (0, (1 << 32) - 1),
}
_NUMBER: Final = re.compile(r"([-+]?)0*([0-9]{1,20})", re.ASCII)
_SHOWN: Final = 40


def require_number(field: Field, value: str) -> None:
    """Raise `InvalidInput` for what a field of whole numbers would not hold as it is given."""
    if field.kind not in RANGES:
        return
    least, most = RANGES[field.kind]
    number = _NUMBER.fullmatch(value)
    if number is None or not least <= int(number[1] + number[2]) <= most:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        raise InvalidInput(
            "--set",
            f"{field.name} is a whole number from {least} to {most}, and not {shown!r}",
            hint="kops would refuse it or store another number; nothing was changed",
        )
