"""A plan about which somebody is asked, with all that they need for an answer, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from kled.models.plan import Change, Plan

DIGITS: Final = 12
"""Of a digest, as people see and type it."""
STARTED_BY: Final = "started-by:"
"""How the tag of a run begins that says who started it: a claim."""
_LONGEST: Final = 4_000
_ALTOGETHER: Final = 1_000_000
"""Characters of values that are kept with a question; the server holds it as one text."""


def input_key(pause_key: str) -> str:
    """Return the key of the flow run's input that holds the question of one pause."""
    return f"kled-question-{pause_key}"


@dataclass(frozen=True, slots=True)
class Question:
    """What a run waits for."""

    operation: str
    """The flow that waits: `update-cluster`."""
    plan: Plan
    """Without secrets; where values are cut, its own digest is not that of the plan."""
    digest: str
    """Of the plan that would be applied."""
    touches: tuple[tuple[str, str], ...]
    """What the plan touches beyond its resources, and how; what it does not is left out."""
    asked: Mapping[str, tuple[str, ...]]
    """Area of the rules to the changes because of which somebody is asked."""
    until: datetime
    """When the run gives up, with its timezone."""
    refused: str = ""
    """Why the last answer was not taken; empty where there was none."""
    rolls: bool | None = None
    """Whether the run replaces the machines that need it, too; None: the plan says what it does."""
    starter: str = ""
    """Who started the run, as far as that is known: a claim."""

    @property
    def what(self) -> str:
        """What waits, as it was started: `update-cluster roll=true`."""
        return f"{self.operation} roll=true" if self.rolls else self.operation

    @property
    def started_by(self) -> str:
        """Who started it, in words."""
        return self.starter or "somebody in Prefect, which does not say who"

    @property
    def cluster(self) -> str:
        """The cluster that would be changed."""
        return self.plan.cluster

    @property
    def why(self) -> str:
        """The reasons in one line: `networking: modify Subnet/a, ...; iam: ...`."""
        return "; ".join(f"{area}: {', '.join(names[:3])}" for area, names in self.asked.items())

    @property
    def deadline(self) -> str:
        """When the run gives up, in words: `2026-11-30 03:14 UTC`."""
        return self.until.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

    def as_json(self) -> dict[str, object]:
        """Plain data; its size is bounded."""
        return {
            "operation": self.operation,
            "cluster": self.cluster,
            "digest": self.digest,
            "summary": self.plan.summary,
            "changes": [change.as_json() for change in self.plan.changes],
            "touches": [list(row) for row in self.touches],
            "asked": {area: list(names) for area, names in self.asked.items()},
            "until": self.until.isoformat(),
            "refused": self.refused,
            "rolls": self.rolls,
            "starter": self.starter,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Question":
        """Read what `as_json` wrote; raise `ValueError` where it is anything else."""
        try:
            changes = tuple(
                Change(
                    change["action"],
                    str(change["kind"]),
                    str(change["name"]),
                    {str(name): str(value) for name, value in change["fields"].items()},
                    {str(name): str(value) for name, value in change.get("before", {}).items()},
                )
                for change in data["changes"]
            )
            until = datetime.fromisoformat(data["until"])
            if until.tzinfo is None:
                raise ValueError("the deadline has no timezone")
            return cls(
                str(data["operation"]),
                Plan(str(data["cluster"]), changes),
                str(data["digest"]),
                tuple((str(about), str(touch)) for about, touch in data["touches"]),
                {str(area): tuple(map(str, names)) for area, names in data["asked"].items()},
                until,
                str(data.get("refused", "")),
                None if data.get("rolls") is None else bool(data["rolls"]),
                str(data.get("starter", "")),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("no question") from error


def without_secrets(plan: Plan, redact: Callable[[str], str]) -> Plan:
    """Return a plan to look at: values without secrets, and no longer than a server keeps."""
    left = _ALTOGETHER
    changes: list[Change] = []
    for change in plan.changes:
        fields = {name: _cut(redact(value)) for name, value in change.fields.items()}
        left -= sum(map(len, fields.values()))
        kept = fields if left > 0 else {}
        changes.append(replace(change, name=redact(change.name), fields=kept))
    return replace(plan, changes=tuple(changes))


def _cut(value: str) -> str:
    if len(value) <= _LONGEST:
        return value
    return f"{value[:_LONGEST]}… ({len(value) - _LONGEST} more characters)"
