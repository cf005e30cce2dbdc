"""Which numbers of machines an instance group can be given. Pure.

kops stores a number below zero without a word, and refuses bounds that cross in its own ones.
"""

from collections.abc import Mapping
from typing import Any, Final

from kled.errors import InvalidInput
from kled.kops.facts.autoscaling import bounds

_FIELDS: Final = ("minSize", "maxSize")
_HINT: Final = "nothing was stored"


def refuse_changes(stored: Mapping[str, Any], edited: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` where an edit gives a bound below zero, or bounds that cross.

    What is no number is left to kops' own words, and so is what is stored already.
    """
    was, now = _sizes(stored), _sizes(edited)
    if now is None or now == was:
        return
    for field, size in zip(_FIELDS, now, strict=True):
        if size < 0:
            raise InvalidInput(f"spec.{field}", f"{size} is below zero", hint=_HINT)
    if now[0] > now[1]:
        told = f"the least number, {now[0]}, is above the greatest, {now[1]}"
        raise InvalidInput("spec.minSize", told, hint=f"give both bounds together; {_HINT}")


def _sizes(group: Mapping[str, Any]) -> tuple[int, int] | None:
    try:
        return bounds(group)
    except (TypeError, ValueError):
        return None
