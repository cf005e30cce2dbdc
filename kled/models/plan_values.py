"""What a plan changes, from which value to which, in as many lines as a person reads. Pure.

Everything that shows a plan to a person takes its lines from here: a long value is cut where it
does not differ, what is left out is counted, and secrets are gone before anything is cut. The
whole stands in the plan's JSON.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kled.models.plan import Change, Plan
from kled.redact import Redactor

LONGEST: Final = 90
"""Characters of one side of a value that are shown."""
_SLACK: Final = 20
"""Characters that are not worth a cut."""
_FIELDS: Final = 12
_LINES: Final = 12
"""Lines of one text that are shown."""
_CREATIONS: Final = 20
"""Up to so many new resources are shown with their values; a new cluster has hundreds."""
_MOST: Final = 300
_ARROW: Final = " -> "
_KEPT: Final = 24
"""Characters before the first difference of two long values that are kept."""
_OF_A_KEY: Final = re.compile(r"[-+]\s*(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9+/]{60,}={0,2}")
_EMPTY: Final = '""'
_shapes: Final = Redactor().text

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change with the lines that say its values; none where its name says all."""

    change: Change
    lines: tuple[str, ...]


def shown(plan: Plan, redact: Redact = _shapes, most: int = _MOST) -> tuple[ShownChange, ...]:
    """Return each change of `plan`, in its order, with about `most` lines of values altogether.

    `redact` takes the secrets out that are known; their shapes are taken out anyway.
    """
    many = plan.count("create") > _CREATIONS
    shown_values: list[ShownChange] = []
    left = most
    for change in plan.changes:
        told = change.action == "modify" or (change.action == "create" and not many)
        lines = values(change, redact) if told else ()
        if len(lines) > left:
            lines = (*lines[:left], _rest(len(lines) - left, "line"))
        left = max(0, left - len(lines))
        shown_values.append(ShownChange(change, lines))
    return tuple(shown_values)


def values(change: Change, redact: Redact = _shapes) -> tuple[str, ...]:
    """Return what the fields of a change become: `InstanceType: t3.medium -> t3.large`.

    Of a text that changes, the lines that go (`- `) and come (`+ `) stand below its field.
    """
    names = list(change.fields)
    lines = [line for name in names[:_FIELDS] for line in _field(change, name, redact)]
    if len(names) > _FIELDS:
        lines.append(_rest(len(names) - _FIELDS, "field"))
    return tuple(lines)


def plainly(change: Change, names: Sequence[str], most: int) -> str:
    """Return some fields with their values in one line: `MaxSize 2 -> 4, MinSize 1 -> 2`."""
    told = [f"{name} {_in_one_line(change, name)}".rstrip() for name in names[:most]]
    rest = f", {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(told)}{rest}"


def _field(change: Change, name: str, redact: Redact) -> Iterator[str]:
    value = _value(change, name, redact)
    if "\n" not in value:
        yield f"{name}: {_changed(value)}"
        return
    lines = _differing(value) if change.action == "modify" else value.split("\n")
    kept = _read(lines)
    yield f"{name}:"
    yield from (f"  {_cut(line)}" for line in kept)
    if len(lines) > len(kept):
        yield f"  {_rest(len(lines) - len(kept), 'line')}"


def _read(lines: list[str]) -> list[str]:
    """Return what a person reads: not the insides of certificates; of many lines the first.

    As many of those that go as of those that come, so that both are there.
    """
    lines = [line for line in lines if not _OF_A_KEY.fullmatch(line)]
    if len(lines) <= _LINES:
        return lines
    counts: Counter[str] = Counter()
    kept: list[str] = []
    for line in lines:
        counts[line[:1]] += 1
        if counts[line[:1]] <= _LINES // 2 and len(kept) < _LINES:
            kept.append(line)
    return kept


def _in_one_line(change: Change, name: str) -> str:
    value = _value(change, name, _shapes)
    if "\n" in value:
        return f"in {_count(len(_differing(value)), 'line')}"
    return _changed(value) if value else ""


def _value(change: Change, name: str, redact: Redact) -> str:
    before = change.before.get(name)
    value = change.fields[name]
    return _shapes(redact(value if before in {None, value} else f"{before}{_ARROW}{value}"))


def _differing(text: str) -> list[str]:
    """Return the lines that go or come, those that go first: kops lists them last (capture 31)."""
    marked: list[str] = []
    coming: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.startswith("+"):
            coming.append(line)
        elif line.startswith("-"):
            marked.append(line)
        else:
            marked += coming
            coming = []
    return marked


def _changed(value: str) -> str:
    """Return a value, or the old and the new one, cut where they do not differ."""
    sides = _sides(value)
    if sides is None:
        return _cut(value) or _EMPTY
    old, new = map(_entries, sides)
    if old is None or new is None:
        return _ARROW.join(_apart(*sides))
    same = len(set(old) & set(new))
    gone = f"{{{', '.join(element for element in old if element not in new)}}}"
    come = f"{{{', '.join(element for element in new if element not in old)}}}"
    return _ARROW.join(_apart(gone, come)) + (f" ({same} the same)" if same else "")


def _sides(value: str) -> tuple[str, str] | None:
    """Return the old and the new value; None where there is one, or no telling them apart."""
    for left, right in (("}", "{"), ("", "")):
        arrow = f"{left}{_ARROW}{right}"
        if value.count(arrow) == 1:
            old, _, new = value.partition(arrow)
            return old + left, right + new
    return None


def _entries(side: str) -> list[str] | None:
    """Return the entries of a map such as `{a: 1, b: 2}`."""
    if not (side.startswith("{") and side.endswith("}")):
        return None
    return [element for element in side[1:-1].split(", ") if element]


def _apart(old: str, new: str) -> tuple[str, str]:
    """Cut two values so that they still differ in what is left of them."""
    if max(len(old), len(new)) <= LONGEST:
        return old or _EMPTY, new or _EMPTY
    pairs = enumerate(zip(old, new, strict=False))
    first = next((at for at, (letter, other) in pairs if letter != other), min(len(old), len(new)))
    skipped = max(0, first - _KEPT)
    lead = "…" if skipped else ""
    return lead + _cut(old[skipped:]), lead + _cut(new[skipped:])


def _cut(text: str) -> str:
    if len(text) <= LONGEST + _SLACK:
        return text
    return f"{text[:LONGEST]}… ({_count(len(text) - LONGEST, 'more character')})"


def _rest(number: int, what: str) -> str:
    return f"{_count(number, f'more {what}')} in --output=json"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
