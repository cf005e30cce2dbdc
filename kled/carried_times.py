"""Maintenance windows and notification rules on their way: a deployment carries them, too. Pure.

They are one variable of the run's process, in JSON, bound by a digest. URLs hold secrets: what
travels is where each stands (`block:`, `env:`, `file:`), and it is looked up where the run runs.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Final

from kled import rules as reading
from kled.errors import InvalidInput, NotApproved
from kled.rules import Notifications, Rules, Window
from kled.sentences import enumerated, number

VARIABLE: Final = "KLED_RULES"
_DIGITS: Final = 12
_WINDOWS: Final = "maintenance-windows"
_NOTIFICATIONS: Final = "notifications"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of a run, and what a person should know of them."""

    rules: Rules
    remarks: tuple[str, ...] = ()


def encode(rules: Rules) -> str:
    """Return the variable's value; what `rules` say nothing of is left to each worker."""
    found = _document(rules)
    return json.dumps({"digest": _digest(found), **found}, sort_keys=True)


def decode(value: str) -> Rules:
    """Read the variable's value; raise `NotApproved` where it is not what `encode` returns."""
    try:
        found = json.loads(value)
        expected = found.pop("digest")
        rules = reading.load(found)
        digest = _digest(_document(rules))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, InvalidInput) as error:
        raise _refused(f"{VARIABLE} cannot be read ({type(error).__name__})") from error
    if digest != expected:
        raise _refused(f"{VARIABLE} was changed: its rules are not those of its digest {expected}")
    return rules


def in_force(own: Rules, value: str | None) -> InForce:
    """Return the rules of a deployment's run: what it carries in `value` comes before `own`.

    `own` are the rules of the worker's settings file; they hold for what the deployment says
    nothing of, and where they differ that is a remark. Raises `NotApproved` as `decode` does.
    """
    if value is None:
        return InForce(own)
    carried, held, remarks = decode(value), own, []
    if carried.windows:
        held = replace(held, windows=carried.windows)
        remarks += _differ("maintenance windows", own, carried, _WINDOWS)
    if carried.notifications.urls:
        held = replace(held, notifications=carried.notifications)
        remarks += _differ("notification rules", own, carried, _NOTIFICATIONS)
    return InForce(held, tuple(remarks))


def words(rules: Rules) -> tuple[str, ...]:
    """Say in a line each what `encode` carries, and what a worker needs for it."""
    told = []
    if rules.windows:
        told.append(f"{number(len(rules.windows), 'maintenance window')}, on whatever worker")
    urls = rules.notifications.urls
    if urls:
        told.append(f"notifications go to {enumerated(urls, _SHOWN)}, from whatever worker")
    there = [one for one in urls if not one.startswith("block:")]
    if there:
        told.append(
            f"each worker needs {enumerated(there, _SHOWN)} itself; block:NAME stands on the server"
        )
    return tuple(told)


def _differ(what: str, own: Rules, carried: Rules, key: str) -> list[str]:
    mine, theirs = _document(own).get(key), _document(carried)[key]
    if mine is None or mine == theirs:
        return []
    here, there = _digest({key: mine}), _digest({key: theirs})
    said = (
        f"the {what} differ: those of this deployment hold (rules {there}), not those of its"
        f" worker's settings file (rules {here})"
    )
    return [said]


def _document(rules: Rules) -> dict[str, Any]:
    """Return the rules as the settings file has them, in one order."""
    found: dict[str, Any] = {}
    if rules.windows:
        found[_WINDOWS] = sorted(map(_window, rules.windows), key=json.dumps)
    if rules.notifications.urls:
        found[_NOTIFICATIONS] = _notified(rules.notifications)
    return found


def _window(window: Window) -> dict[str, Any]:
    return {
        "clusters": sorted(set(window.clusters)),
        "days": sorted(set(window.days)),
        "from": f"{window.begin:%H:%M}",
        "outside": window.outside,
        "timezone": window.timezone,
        "to": f"{window.end:%H:%M}",
    }


def _notified(rule: Notifications) -> dict[str, Any]:
    return {"on": sorted(set(rule.on)), "urls": sorted(set(rule.urls))}


def _digest(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _refused(what: str) -> NotApproved:
    return NotApproved(
        f"{what}; nothing was changed",
        hint="put the deployment on the server again, with the rules: kled deploy"
        " --environment=ENVIRONMENT",
    )
