"""Maintenance windows and notification rules on their way: a deployment carries them, too. Pure.

They are one variable of the run's process, in JSON, bound by a digest. URLs hold secrets: what
travels is where each stands (`block:`, `env:`, `file:`), and it is looked up where the run runs.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from kled import carried
from kled import rules as reading
from kled.rules import Notifications, Rules, Window
from kled.sentences import enumerated, number

VARIABLE: Final = "KLED_RULES"
_WINDOWS: Final = "maintenance-windows"
_NOTIFICATIONS: Final = "notifications"
_SHOWN: Final = 3
_LOST: Final = (
    "this deployment carries no maintenance windows and notification rules (prefect deploy drops"
    " them): those of its worker's settings file hold; kled deploy brings them along"
)


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of a run, and what a person should know of them."""

    rules: Rules
    remarks: tuple[str, ...] = ()


def encode(rules: Rules) -> str:
    """Return the variable's value; what `rules` say nothing of is left to each worker."""
    return carried.encode(_document(rules))


def decode(value: str) -> Rules:
    """Read the variable's value; raise `NotApproved` where it is not what `encode` returns."""
    return carried.decode(VARIABLE, value, reading.load, _document)


def in_force(own: Rules, value: str | None) -> InForce:
    """Return the rules of a deployment's run: what it carries in `value` comes before `own`.

    `own` are the rules of the worker's settings file; they hold for what the deployment says
    nothing of, and where they differ that is a remark. Raises `NotApproved` as `decode` does.
    """
    if value is None:
        return InForce(own, (_LOST,))
    brought, held, remarks = decode(value), own, []
    if brought.windows:
        held = replace(held, windows=brought.windows)
        remarks += _differ("maintenance windows", own, brought, _WINDOWS)
    if brought.notifications.urls:
        held = replace(held, notifications=brought.notifications)
        remarks += _differ("notification rules", own, brought, _NOTIFICATIONS)
    return InForce(held, tuple(remarks))


def words(rules: Rules) -> tuple[str, ...]:
    """Say in a line each what `encode` carries, and what a worker needs for it."""
    told = []
    if rules.windows:
        told.append(f"{number(len(rules.windows), 'maintenance window')}, on whatever worker")
    urls = rules.notifications.urls
    if urls:
        told.append(f"notifications go to {enumerated(urls, _SHOWN)}, from whatever worker")
    local = [url for url in urls if not url.startswith("block:")]
    if local:
        told.append(
            f"each worker needs {enumerated(local, _SHOWN)} itself; block:NAME stands on the server"
        )
    return tuple(told)


def _differ(what: str, own: Rules, brought: Rules, key: str) -> list[str]:
    workers, deployments = _document(own).get(key), _document(brought)[key]
    if workers is None or workers == deployments:
        return []
    said = (
        f"the {what} differ: those of this deployment hold (rules"
        f" {carried.digest({key: deployments})}), not those of its worker's settings file (rules"
        f" {carried.digest({key: workers})})"
    )
    return [said]


def _document(rules: Rules) -> dict[str, Any]:
    """Return the rules as the settings file has them, in one order."""
    document: dict[str, Any] = {}
    if rules.windows:
        document[_WINDOWS] = sorted(map(_window, rules.windows), key=json.dumps)
    if rules.notifications.urls:
        document[_NOTIFICATIONS] = _notified(rules.notifications)
    return document


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
