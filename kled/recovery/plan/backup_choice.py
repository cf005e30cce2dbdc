"""Which backup of each etcd cluster is taken, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kled.recovery.evidence import BackupLeft

_EARLIEST: Final = (3, 5)
"""The oldest etcd whose backups a kops of today restores: 1.36 ships 3.5 and 3.6 alone."""


@dataclass(frozen=True, slots=True)
class ChosenBackup:
    """A backup that is to be restored, or that there is none."""

    etcd: str
    backup: BackupLeft | None
    why: str
    """Why this one, or why none, in words."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        backup = self.backup.as_json() if self.backup else None
        return {"etcd": self.etcd, "backup": backup, "reason": self.why}


def choose_backups(
    in_state: Sequence[BackupLeft], in_snapshot: Sequence[BackupLeft]
) -> tuple[ChosenBackup, ...]:
    """Return the newest backup of each etcd cluster that can be restored, with the reason.

    One of the state store wins over an older one of a snapshot; of the same name they are the same.
    """
    etcds = sorted({backup.etcd for backup in (*in_state, *in_snapshot)})
    return tuple(_choose(etcd, (*in_state, *in_snapshot)) for etcd in etcds)


def _choose(etcd: str, backups: Sequence[BackupLeft]) -> ChosenBackup:
    mine = sorted(
        (backup for backup in backups if backup.etcd == etcd),
        key=lambda backup: (backup.name, backup.proved),
        reverse=True,
    )
    refused = list(_refused(mine))
    fit = [backup for backup in mine if not _problem(backup)]
    if not fit:
        return ChosenBackup(etcd, None, f"none can be restored: {'; '.join(refused)}")
    told = "its gzip and SHA-256 hold" if fit[0].proved else "nobody has read it yet"
    passed = f"; passed over: {'; '.join(refused)}" if refused else ""
    return ChosenBackup(
        etcd, fit[0], f"the newest complete one, in {fit[0].source}; {told}{passed}"
    )


def _refused(backups: Sequence[BackupLeft]) -> Iterator[str]:
    for backup in backups:
        if problem := _problem(backup):
            yield f"{backup.name} {problem}"


def _problem(backup: BackupLeft) -> str:
    if backup.trouble:
        return f"is damaged: {backup.trouble}"
    version = _numbers(backup.etcd_version)
    if version is not None and version < _EARLIEST:
        return f"was written by etcd {backup.etcd_version}, which a kops of today cannot restore"
    return ""


def _numbers(version: str | None) -> tuple[int, ...] | None:
    parts = (version or "").lstrip("v").split(".")[:2]
    return tuple(map(int, parts)) if len(parts) > 1 and all(map(str.isdecimal, parts)) else None


def newest_at(chosen: Sequence[ChosenBackup], etcd: str = "main") -> datetime | None:
    """Return when the chosen backup of an etcd cluster was taken; None where nothing tells."""
    for each in chosen:
        if each.etcd == etcd and each.backup is not None:
            return each.backup.at
    return None
