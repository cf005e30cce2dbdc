"""How etcd gets a backup back: a command that etcd-manager reads, written before it starts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kled.recovery.evidence import BackupLeft
from kled.recovery.plan.recovery_step import RecoveryStep


@dataclass(frozen=True, slots=True)
class EtcdAsked:
    """What a definition asks of an etcd cluster."""

    members: int
    version: str
    place: str
    """The URL of its backups."""


def restore_backups(
    backups: Sequence[BackupLeft], asked: Mapping[str, EtcdAsked], at: datetime
) -> tuple[RecoveryStep, ...]:
    """Return a step for each backup that is to be restored; `events` is left out by default.

    Events that are restored never expire, since a restore knows no leases.
    """
    return tuple(
        _restore(backup, asked.get(backup.etcd), at)
        for backup in backups
        if backup.etcd != "events" and not backup.trouble
    )


def _restore(backup: BackupLeft, asked: EtcdAsked | None, at: datetime) -> RecoveryStep:
    key, name = f"restore-etcd-{backup.etcd}", f"restore etcd {backup.etcd} from {backup.name}"
    if asked is None:
        return RecoveryStep(
            key,
            name,
            "a person",
            detail="with the program of etcd-manager's releases: etcd-manager-ctl"
            f" --backup-store=<state store>/<cluster>/backups/etcd/{backup.etcd} restore-backup"
            f" {backup.name}",
        )
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}-000000"
    return RecoveryStep(
        key,
        name,
        "a person",
        detail=f"write the attached document to {asked.place}/control/{stamp}/_command.json, with"
        " the bucket's own tool, before any machine of the control plane starts: etcd-manager"
        " restores before it lets an API server in, and removes the document when it has; where"
        " machines run already, stop etcd-manager on all of them at about the same time: crictl ps"
        " --name etcd-manager -q | xargs crictl stop",
        attachment=command_document(backup.name, asked, at),
    )


def command_document(backup: str, asked: EtcdAsked, at: datetime) -> str:
    """Return the document by which etcd-manager restores a backup, as `etcd-manager-ctl` writes."""
    document = {
        "timestamp": str(int(at.timestamp()) * 1_000_000_000),
        "restoreBackup": {
            "clusterSpec": {"memberCount": asked.members, "etcdVersion": asked.version},
            "backup": backup,
        },
    }
    return json.dumps(document)
