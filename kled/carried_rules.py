"""Approval rules on their way: a deployment carries them to whatever worker runs it. Pure.

They are one variable of the run's process, in JSON, and hold no secret. The digest in it binds
them: what was changed by hand, or cut, is refused, as are runs whose rules got lost on the way.
"""

from typing import Any, Final

from kled import carried
from kled.errors import NotApproved
from kled.rules import Approval, approval_of

VARIABLE: Final = "KLED_APPROVAL"
_UNASKED: Final = "nobody is asked"
_REMARK: Final = " (prefect deploy drops them)"


def digest(approval: Approval) -> str:
    """Return what tells rules apart: hexadecimal digits, equal where the same people are asked."""
    return carried.digest(_document(approval))


def words(approval: Approval) -> str:
    """Say rules in one line, with their digest."""
    asked = f"asked about {', '.join(sorted(approval.needed))}" if approval.needed else _UNASKED
    but = f", but not for {', '.join(sorted(approval.automatic))}" if approval.automatic else ""
    said = f"{asked}{but}" if approval.configured else _UNASKED
    return f"{said} (rules {digest(approval)})"


def encode(approval: Approval) -> str:
    """Return the variable's value. `Approval()` stands for rules that ask nobody."""
    return carried.encode(_document(approval))


def decode(value: str) -> Approval:
    """Read the variable's value; raise `NotApproved` where it is not what `encode` returns."""
    return carried.decode(VARIABLE, value, _read, _document, _REMARK)


def in_force(own: Approval, value: str | None) -> Approval:
    """Return the rules of a deployment's run: those that it carries in `value`.

    `own` are the rules of the worker's settings file. Raises `NotApproved` where nobody says
    whether anybody has to be asked, or where the deployment says something else than its worker.
    """
    if value is None:
        if own.configured:
            return own
        what = "neither this deployment nor its worker has approval rules"
        raise carried.refused(what, _REMARK)
    brought = decode(value)
    if own.configured and digest(own) != digest(brought):
        raise NotApproved(
            f"the approval rules differ: this deployment has {words(brought)}, its worker"
            f" {words(own)}; nothing was changed",
            hint="deploy with the settings file of the worker, or take [approval] out of the"
            " worker's: the deployment brings its rules along",
        )
    return brought


def _read(document: dict[str, Any]) -> Approval:
    configured = document.pop("configured")
    return approval_of(document) if configured else Approval()


def _document(approval: Approval) -> dict[str, Any]:
    """Return rules as plain data, in one order."""
    if not approval.configured:
        return {"configured": False}
    return {
        "automatic": sorted(set(approval.automatic)),
        "configured": True,
        "needed": sorted(set(approval.needed)),
    }
