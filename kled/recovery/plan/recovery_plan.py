"""The plan of a recovery, as a value with a digest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kled.recovery.diagnosis import Diagnosis
from kled.recovery.evidence import Evidence
from kled.recovery.known import known
from kled.recovery.plan.backup_choice import ChosenBackup
from kled.recovery.plan.recovery_step import RecoveryStep

_NO_DRILL: Final = "not known: no drill yet"


@dataclass(frozen=True, slots=True)
class Loss:
    """What does not come back."""

    what: str
    """In words that can stand alone."""
    seconds: float | None = None
    """How far back it goes, where that is known."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"what": self.what, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """What a recovery does, from which backups, and what is lost by then."""

    evidence: Evidence
    diagnosis: Diagnosis
    steps: tuple[RecoveryStep, ...] = ()
    snapshot: str | None = None
    """The snapshot that the state is restored from; None: none is needed, or there is none."""
    backups: tuple[ChosenBackup, ...] = ()
    """Of each etcd cluster, where it has to be restored."""
    losses: tuple[Loss, ...] = ()
    rpo: Mapping[str, float | None] = field(default_factory=dict)
    """Seconds that are lost, by `state` and by etcd cluster; None: not known."""
    to: str | None = None
    """The state store that it moves to."""
    stuck: str = ""
    """Why there is nothing to recover from; empty: there is, or nothing is needed."""
    remarks: tuple[str, ...] = ()
    """What a person may do instead, and what was passed over, in sentences."""

    @property
    def is_planned(self) -> bool:
        """Whether the steps lead back, as far as it is known."""
        told = self.diagnosis.case not in {"not-known", "elsewhere"}
        versions = known(self.evidence.versions)
        undeletes = versions is not None and versions.whole and versions.count > 0
        return told and (self.snapshot is not None or self.rpo["state"] == 0.0 or undeletes)

    @property
    def minutes(self) -> float | None:
        """How long it takes, by earlier drills; None: not known."""
        return None

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what would be done; the same for the same case, steps and backups."""
        import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms

        body = json.dumps(
            [
                self.evidence.cluster,
                self.diagnosis.case,
                self.to,
                self.snapshot,
                [[each.etcd, each.backup.name] for each in self.backups if each.backup],
                [[step.key, step.command] for step in self.steps],
            ],
            separators=(",", ":"),
        )
        return hashlib.sha256(body.encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.evidence.cluster,
            "digest": self.digest,
            "diagnosis": self.diagnosis.as_json(),
            "steps": [step.as_json() for step in self.steps],
            "snapshot": self.snapshot,
            "etcd_backups": [each.as_json() for each in self.backups],
            "losses": [loss.as_json() for loss in self.losses],
            "rpo_seconds": dict(self.rpo),
            "to": self.to,
            "stuck": self.stuck,
            "remarks": list(self.remarks),
            "minutes": self.minutes,
            "minutes_remark": self.estimate,
            "by_hand": [step.name for step in self.steps if step.by == "a person"],
            "evidence": self.evidence.as_json(),
        }

    @property
    def estimate(self) -> str:
        """How long it takes, in words."""
        return _NO_DRILL
