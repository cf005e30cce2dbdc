"""What a change would do, as data: shown before it, and checked again at it (design D13)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Action = Literal["create", "modify", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that would be created, modified or deleted."""

    action: Action
    kind: str
    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field to its value (create), to `old -> new` or a text difference (modify), or to the id."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "action": self.action,
            "kind": self.kind,
            "name": self.name,
            "fields": dict(self.fields),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes that one command would make to one cluster."""

    cluster: str
    changes: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.changes

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what would change, whatever the order in which it was listed.

        Values like `{a: 1, b: 2}` count as sets: kops prints maps in a random order.
        """
        changes = sorted(
            [
                [change.action, change.kind, change.name, _canonical(change.fields)]
                for change in self.changes
            ],
            key=json.dumps,
        )
        body = json.dumps([self.cluster, changes], separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()

    def count(self, action: Action) -> int:
        """Return how many resources would be created, modified or deleted."""
        return sum(change.action == action for change in self.changes)

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "digest": self.digest,
            "changes": [change.as_json() for change in self.changes],
        }


def _canonical(fields: Mapping[str, str]) -> list[list[str]]:
    return [[name, _unordered(value)] for name, value in sorted(fields.items())]


def _unordered(value: str) -> str:
    """Sort the entries of every `{a: 1, b: 2}` of a one-line value, on both sides of a `->`."""
    return " -> ".join(
        "{" + ", ".join(sorted(side[1:-1].split(", "))) + "}"
        if side.startswith("{") and side.endswith("}")
        else side
        for side in value.split(" -> ")
    )
