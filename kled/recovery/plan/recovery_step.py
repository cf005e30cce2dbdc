"""One step of a recovery: a command, or what a person does."""

from dataclasses import dataclass
from typing import Literal

By = Literal["kled", "a person"]


@dataclass(frozen=True, slots=True)
class RecoveryStep:
    """One step; its key is the same in every plan and every flow that has it."""

    key: str
    name: str
    by: By = "kled"
    command: str = ""
    """What to type; empty where it is done by hand."""
    detail: str = ""
    """What to look for, or what to do by hand, in sentences."""
    attachment: str = ""
    """What an object that is written by hand holds; no part of what is approved."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "key": self.key,
            "name": self.name,
            "by": self.by,
            "command": self.command,
            "detail": self.detail,
            **({"attachment": self.attachment} if self.attachment else {}),
        }
