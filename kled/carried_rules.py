"""Approval rules on their way: a deployment carries them to whatever worker runs it. Pure.

They are one variable of the run's process, in JSON, and hold no secret. The digest in it binds
them: what was changed by hand, or cut, is refused, as are runs whose rules got lost on the way.
"""

import hashlib
import json
from typing import Final

from kled.errors import InvalidInput, NotApproved
from kled.rules import Approval, approval_of

VARIABLE: Final = "KLED_APPROVAL"
_DIGITS: Final = 12
_UNASKED: Final = "nobody is asked"


def digest(approval: Approval) -> str:
    """Return what tells rules apart: hexadecimal digits, equal where the same people are asked."""
    return hashlib.sha256(_canonical(approval).encode()).hexdigest()[:_DIGITS]


def words(approval: Approval) -> str:
    """Say rules in one line, with their digest."""
    asked = f"asked about {', '.join(sorted(approval.needed))}" if approval.needed else _UNASKED
    but = f", but not for {', '.join(sorted(approval.automatic))}" if approval.automatic else ""
    said = f"{asked}{but}" if approval.configured else _UNASKED
    return f"{said} (rules {digest(approval)})"


def encode(approval: Approval) -> str:
    """Return the variable's value. `Approval()` stands for rules that ask nobody."""
    return json.dumps({"digest": digest(approval), **json.loads(_canonical(approval))})


def decode(value: str) -> Approval:
    """Read the variable's value; raise `NotApproved` where it is not what `encode` returns."""
    try:
        found = json.loads(value)
        expected = found.pop("digest")
        configured = found.pop("configured")
        approval = approval_of(found) if configured else Approval()
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, InvalidInput) as error:
        raise _refused(f"{VARIABLE} cannot be read ({type(error).__name__})") from error
    if digest(approval) != expected:
        raise _refused(f"{VARIABLE} was changed: its rules are not those of its digest {expected}")
    return approval


def in_force(own: Approval, value: str | None) -> Approval:
    """Return the rules of a deployment's run: those that it carries in `value`.

    `own` are the rules of the worker's settings file. Raises `NotApproved` where nobody says
    whether anybody has to be asked, or where the deployment says something else than its worker.
    """
    if value is None:
        if own.configured:
            return own
        raise _refused("neither this deployment nor its worker has approval rules")
    carried = decode(value)
    if own.configured and digest(own) != digest(carried):
        raise NotApproved(
            f"the approval rules differ: this deployment has {words(carried)}, its worker"
            f" {words(own)}; nothing was changed",
            hint="deploy with the settings file of the worker, or take [approval] out of the"
            " worker's: the deployment brings its rules along",
        )
    return carried


def _refused(what: str) -> NotApproved:
    return NotApproved(
        f"{what}; nothing was changed",
        hint="put the deployment on the server again, with the rules: kled deploy"
        " --environment=ENVIRONMENT (prefect deploy drops them)",
    )


def _canonical(approval: Approval) -> str:
    if not approval.configured:
        return '{"configured": false}'
    fields = {
        "automatic": sorted(set(approval.automatic)),
        "configured": True,
        "needed": sorted(set(approval.needed)),
    }
    return json.dumps(fields, sort_keys=True)
