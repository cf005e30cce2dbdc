"""What an object holds once kops has unset and set fields of it, as far as lists and texts go.

kops unsets first, then sets; to set a list adds to it, and to set the element behind the last one
makes it (util/pkg/reflectutils/access.go). Numbers and truth values stay the texts that were typed:
for those who compare names and places. Pure.
"""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kled.kops.fields.set_paths import assignment, path_of

_INDEX: Final = re.compile(r"\[\s*(\*|\d+)\s*\]")
_LISTS: Final = frozenset({("spec", "subnets"), ("spec", "zones")})
"""Lists of texts that may be none yet, and are lists all the same once they are set."""


def edited(
    document: Mapping[str, Any], sets: Iterable[str], unsets: Iterable[str]
) -> dict[str, Any]:
    """Return a copy with the fields unset and set; what is no path of it changes nothing."""
    edited: dict[str, Any] = copy.deepcopy(dict(document))
    for text in unsets:
        _change(edited, _steps(text), None)
    for text in sets:
        _, value = assignment(text)
        _change(edited, _steps(text.partition("=")[0]), value)
    return edited


def _steps(text: str) -> list[str | int]:
    """Return the path with the indexes that `path_of` leaves out; `-1` is each element."""
    indexes = iter(_INDEX.findall(text))
    return [_at(next(indexes)) if field == "*" else field for field in path_of(text)]


def _at(index: str) -> int:
    return -1 if index == "*" else int(index)


def _change(document: dict[str, Any], steps: Sequence[str | int], value: str | None) -> None:
    """Set the field, or unset it where `value` is None."""
    if not steps:
        return
    holders: list[Any] = [document]
    for at, step in enumerate(steps[:-1]):
        missing: Any = [] if isinstance(steps[at + 1], int) else {}
        holders = [inner for outer in holders for inner in _inner(outer, step, missing)]
    is_list = tuple(steps) in _LISTS
    for holder in holders:
        _put(holder, steps[-1], value, is_list=is_list)


def _inner(holder: Any, step: str | int, missing: Any) -> list[Any]:  # noqa: ANN401 - any YAML
    """Return what is there, made where it is missing, as kops makes it."""
    if isinstance(holder, dict) and isinstance(step, str):
        if holder.get(step) is None:
            holder[step] = copy.deepcopy(missing)
        return [holder[step]]
    if isinstance(holder, list) and isinstance(step, int):
        if step == len(holder):
            holder.append(copy.deepcopy(missing))
        return holder[:] if step < 0 else holder[step : step + 1]
    return []


def _put(holder: Any, step: str | int, value: str | None, *, is_list: bool) -> None:  # noqa: ANN401
    if isinstance(holder, dict) and isinstance(step, str):
        if value is None:
            holder.pop(step, None)
        elif is_list or isinstance(holder.get(step), list):
            holder[step] = [*(holder.get(step) or []), *value.split(",")]
        else:
            holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int):
        if step == len(holder):
            holder.append(None)
        for at in range(len(holder)) if step < 0 else [step] if step < len(holder) else []:
            holder[at] = value
