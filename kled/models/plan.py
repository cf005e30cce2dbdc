"""What a change would do, as data: shown before it, and checked again at it (design D13)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from kled.errors import KledError
from kled.models.cluster import Role

Action = Literal["create", "modify", "delete"]
DIGEST: Final = r"[0-9a-f]{12,64}"
"""What approves a plan: its digest, or as many of the first digits as nobody hits by chance."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that would be created, modified or deleted."""

    action: Action
    kind: str
    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field to its value (create), to `old -> new` or a text difference (modify), or to the id."""
    before: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Field to its old value where `fields` names the new one alone; no part of what is approved,
    because it may be changed halfway."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "action": self.action,
            "kind": self.kind,
            "name": self.name,
            "fields": dict(self.fields),
            **({"before": dict(self.before)} if self.before else {}),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes that one command would make to one cluster."""

    cluster: str
    changes: tuple[Change, ...]
    roles: Mapping[str, Role] = field(default_factory=dict, compare=False)
    """The instance groups of the definition with their roles, where the planner knows them; no
    part of what is approved."""
    refusal: KledError | None = field(default=None, compare=False)
    """What applying it would end with; None where nothing is known to speak against it."""

    @property
    def refused(self) -> str:
        """Why it cannot be applied, with the way out; empty where nothing speaks against it."""
        return refused(self.refusal)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.changes

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what would change, whatever the order in which it was listed.

        Values like `{a: 1, b: 2}` count as sets: kops prints maps in a random order.
        """
        import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms

        changes = sorted(
            [
                [change.action, change.kind, change.name, canonical_fields(change.fields)]
                for change in self.changes
            ],
            key=json.dumps,
        )
        body = json.dumps([self.cluster, changes], separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()

    def count(self, action: Action) -> int:
        """Return how many resources would be created, modified or deleted."""
        return sum(change.action == action for change in self.changes)

    @property
    def summary(self) -> str:
        """The totals in words, for example `12 to create, 1 to modify`."""
        actions: tuple[Action, ...] = ("create", "modify", "delete")
        counts = ((self.count(action), action) for action in actions)
        return ", ".join(f"{n} to {action}" for n, action in counts if n) or "nothing to change"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "digest": self.digest,
            "changes": [change.as_json() for change in self.changes],
            **refusal_as_json(self.refusal),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """Read what `as_json` wrote; raise `ValueError` where it is anything else."""
        try:
            plan = cls(
                str(data["cluster"]),
                tuple(
                    Change(change["action"], change["kind"], change["name"], dict(change["fields"]))
                    for change in data["changes"]
                ),
            )
            if plan.digest != data["digest"]:
                raise ValueError("the digest is not that of the changes")
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("no plan") from error
        return plan


def is_digest(text: str) -> bool:
    """Say whether `text` can stand for a plan's digest."""
    return re.fullmatch(DIGEST, text) is not None


def refused(refusal: KledError | None) -> str:
    """Return a refusal in words, with its hint; empty: there is none."""
    if refusal is None:
        return ""
    return f"{refusal.message} ({refusal.hint})" if refusal.hint else refusal.message


def refusal_as_json(refusal: KledError | None) -> dict[str, object]:
    """Return what a preview's data says where the act would be refused; else nothing."""
    if refusal is None:
        return {}
    return {"refused": refused(refusal), "exit_code": refusal.exit_code}


def canonical_fields(fields: Mapping[str, str]) -> list[list[str]]:
    """Return names and values, sorted, with maps in one order: equal where kops means the same."""
    return [[name, _unordered(value)] for name, value in sorted(fields.items())]


def _unordered(value: str) -> str:
    """Sort the entries of every `{a: 1, b: 2}` of a one-line value, on both sides of a `->`."""
    return " -> ".join(
        "{" + ", ".join(sorted(side[1:-1].split(", "))) + "}"
        if side.startswith("{") and side.endswith("}")
        else side
        for side in value.split(" -> ")
    )
