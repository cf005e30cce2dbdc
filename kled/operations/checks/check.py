"""The result of one check: a value that tables and documents show."""

from dataclasses import dataclass
from typing import Literal

from kled.errors import KledError

State = Literal["ok", "found", "missing", "wrong", "not tried"]
"""`found`: worth a look, and nothing is broken; `not tried`: nothing is known, so it is not ok."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    state: State
    detail: str
    """What was found, in one line."""
    hint: str = ""
    """What to do about it; empty where there is nothing to do."""
    needed: bool = False
    """Whether something that is configured depends on it."""

    @property
    def fails(self) -> bool:
        """Whether something that is configured does not work."""
        return self.needed and self.state in {"wrong", "missing"}

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "check": self.name,
            "state": self.state,
            "needed": self.needed,
            "detail": self.detail,
            "hint": self.hint,
        }


def ok(name: str, detail: str, hint: str = "") -> Check:
    """Return a check of something configured that went well."""
    return Check(name, "ok", detail, hint, needed=True)


def bad(name: str, detail: str, hint: str = "") -> Check:
    """Return a check of something configured that does not work."""
    return Check(name, "wrong", detail, hint, needed=True)


def wrong(name: str, error: KledError, *, needed: bool = True) -> Check:
    """Return a failed check with the message and the hint of `error`."""
    return Check(name, "wrong", error.message, error.hint or "", needed)


def not_tried(name: str, why: str, *, needed: bool = False) -> Check:
    """Return a check that could not be made, or was not wanted."""
    return Check(name, "not tried", why, needed=needed)
