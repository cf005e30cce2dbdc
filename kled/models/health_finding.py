"""One thing that a look at a cluster's health found out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal, get_args

State = Literal["ok", "warning", "failed", "unknown"]
"""`warning`: worth a look, and nothing is lost yet; `unknown`: it could not be asked, so it is not
ok."""
Look = Literal[
    "validation",
    "etcd markers",
    "etcd backups",
    "certificates",
    "OIDC discovery",
    "snapshots",
    "lifecycle rules",
]
"""What was looked at."""
LOOKS: Final[tuple[Look, ...]] = get_args(Look)
ALL: Final = "all clusters"
"""Stands for the cluster of what is about a store that all of them share."""
_WORST: Final[tuple[State, ...]] = ("unknown", "failed", "warning", "ok")


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """One thing that was looked at, and how it is."""

    cluster: str
    """A cluster's name; `all clusters` for what they share, such as a bucket."""
    look: Look
    about: str
    """Which one of several: `etcd main`, `keyset kubernetes-ca`, a store's URL; may be empty."""
    state: State
    message: str
    """What was found out, in one line; where it could not be asked, why."""
    mend: str = ""
    """What to type next; empty where there is nothing to do."""
    age: timedelta | None = None
    """How old it is, or for how long it lasts; None: that has no age, or nobody tells."""
    rpo: timedelta | None = None
    """How much time of changes would be lost with the state store; None: it is not about that."""
    blind: bool = False
    """Whether nobody could ever tell from here, so that it says nothing about the cluster."""

    danger: bool = False
    """Whether etcd-manager would take the cluster for a new one if it restarted now."""

    @property
    def is_unknown(self) -> bool:
        """Whether it could not be asked, and another day could."""
        return self.state == "unknown" and not self.blind

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`, artifacts and events; seconds are whole numbers."""
        return {
            "cluster": self.cluster,
            "look": self.look,
            "about": self.about,
            "state": self.state,
            "words": self.message,
            "mend": self.mend,
            "danger": self.danger,
            "age_seconds": _seconds(self.age),
            "rpo_seconds": _seconds(self.rpo),
        }


def worst_first(findings: Iterable[HealthFinding]) -> tuple[HealthFinding, ...]:
    """Return the findings, unknown and failed ones first; then by cluster and in order of looks."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                _WORST.index(finding.state) + 2 * finding.blind,
                finding.cluster,
                LOOKS.index(finding.look),
                finding.about,
            ),
        )
    )


def excused(finding: HealthFinding, why: str) -> HealthFinding:
    """Return a failed finding as a warning, with the reason; any other as it is."""
    if finding.state != "failed":
        return finding
    return replace(finding, state="warning", message=f"{finding.message}; {why}")


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else round(length.total_seconds())
