"""How two plans of one cluster differ, and whether one is what is left of the other.

A plan that was applied halfway shrinks: what is done is gone from it, and references to what is
there by now show its id (`name:X` becomes `name:X id:Y`).
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from kled.models.plan import Change, Plan, canonical_fields
from kled.models.plan_values import plainly

_ID: Final = re.compile(r"(name:\S+) id:[^\s,\]}]+")
_ARROW: Final = " -> "
_GIVEN_BY_THE_CLOUD: Final = frozenset({"ID", "ARN", "IPv6CIDR"})
"""Keys of nested values that are null until the cloud has made what they name."""
_SHOWN: Final = 3


def is_rest_of(now: Plan, approved: Plan) -> bool:
    """Whether `now` does nothing that `approved` does not do: less of it, or the same.

    A resource that was to be created may have to be modified now, to the values that were approved;
    of what is deleted, parts may be gone.
    """
    known = {(change.kind, change.name): change for change in approved.changes}
    return now.cluster == approved.cluster and all(
        _covers(known.get((change.kind, change.name)), change) for change in now.changes
    )


def differences(approved: Plan, now: Plan) -> tuple[str, ...]:
    """Say in words what `now` does otherwise than `approved`, new changes first; sorted."""
    before = {(change.action, change.kind, change.name): change for change in approved.changes}
    after = {(change.action, change.kind, change.name): change for change in now.changes}
    new = [describe(after[key]) for key in sorted(after.keys() - before.keys())]
    other = [
        f"otherwise: {_otherwise(before[key], after[key])}"
        for key in sorted(after.keys() & before.keys())
        if _differing(before[key], after[key])
    ]
    gone = [f"no longer: {describe(before[key])}" for key in sorted(before.keys() - after.keys())]
    return (*new, *other, *gone)


def title(change: Change) -> str:
    """Name a change: `modify LaunchTemplate/nodes`."""
    return f"{change.action} {change.kind}/{change.name}"


def describe(change: Change) -> str:
    """Name a change with its values: `modify LaunchTemplate/nodes (InstanceType a -> b)`."""
    if change.action != "modify" or not change.fields:
        return title(change)
    return f"{title(change)} ({plainly(change, list(change.fields), _SHOWN)})"


def _otherwise(approved: Change, now: Change) -> str:
    """Name a change with the values that were approved and those that it has now."""
    names = _differing(approved, now)
    added = [name for name in names if name in now.fields]
    gone = [name for name in names if name in approved.fields]
    parts = [
        plainly(now, added, _SHOWN),
        f"approved: {plainly(approved, gone, _SHOWN)}" if gone else "approved: not at all",
    ]
    return f"{title(now)} ({'; '.join(filter(None, parts))})"


def _covers(approved: Change | None, now: Change) -> bool:
    if approved is None:
        return False
    mine, theirs = _fields(approved), _fields(now)
    if approved.action == now.action:
        same = all(_fulfils(mine.get(name), value) for name, value in theirs.items())
        return same and (now.action != "create" or mine.keys() == theirs.keys())
    if (approved.action, now.action) != ("create", "modify"):
        return False
    return all(
        _ARROW in value and _fulfils(mine.get(name), value.rpartition(_ARROW)[2])
        for name, value in theirs.items()
    )


def _fulfils(approved: str | None, now: str) -> bool:
    """Whether a value is the approved one, but for what only the cloud could fill in."""
    if approved == now:
        return True
    try:
        return _filled_in(json.loads(approved or ""), json.loads(now))
    except ValueError:
        return False


def _filled_in(approved: object, now: object) -> bool:
    if isinstance(approved, dict) and isinstance(now, dict):
        return approved.keys() == now.keys() and all(
            (value is None and key in _GIVEN_BY_THE_CLOUD) or _filled_in(value, now[key])
            for key, value in approved.items()
        )
    if isinstance(approved, list) and isinstance(now, list):
        pairs = zip(approved, now, strict=False)
        return len(approved) == len(now) and all(_filled_in(*pair) for pair in pairs)
    return approved == now


def _differing(before: Change, after: Change) -> tuple[str, ...]:
    mine, theirs = _fields(before), _fields(after)
    return tuple(_unequal(mine, theirs))


def _unequal(mine: dict[str, str], theirs: dict[str, str]) -> Iterator[str]:
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) != theirs.get(name):
            yield name


def _fields(change: Change) -> dict[str, str]:
    return {name: _ID.sub(r"\1", value) for name, value in canonical_fields(change.fields)}
