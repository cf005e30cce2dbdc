"""How recoverable clusters have to be: the table `[health]` of the settings file. Pure.

[health]
snapshot-age = "3h"
snapshot-level = 1
etcd-backup-intervals = 3
certificate-days = 60
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from kled import durations
from kled.errors import InvalidInput

TABLE: Final = "health"
KEYS: Final = {TABLE: "a table: how recoverable clusters have to be"}
TARGET_KEYS: Final = {
    "snapshot-age": "how old what the newest trusted snapshot holds may be, as 3h [default: 3h]",
    "snapshot-level": "the level to which that one is to be proved: 1, 2 or 4 [default: 1]",
    "etcd-backup-intervals": "after how many intervals of etcd-manager, of 15 minutes unless the"
    " definition names others, a backup of etcd is overdue [default: 3]",
    "certificate-days": "how many days before its end a certificate is told of [default: 60]",
}
_LEVELS: Final = (1, 2, 4)
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Targets:
    """What `kled check-health` holds clusters to."""

    snapshot_age: timedelta = timedelta(hours=3)
    snapshot_level: int = 1
    etcd_backup_intervals: int = 3
    certificate_days: int = 60


def load(document: Mapping[str, Any], where: str) -> Targets:
    """Read `[health]` from the document of the settings file at `where`.

    Raises `InvalidInput`, which names the file and the field.
    """
    raw = document.get(TABLE, {})
    if not isinstance(raw, dict):
        raise InvalidInput(TABLE, f"must be a table in {where}")
    for key in raw:
        if key not in TARGET_KEYS:
            known = ", ".join(sorted(TARGET_KEYS))
            raise InvalidInput(f"{TABLE}.{key}", f"unknown key in {where}", hint=f"known: {known}")
    defaults = Targets()
    return Targets(
        _age(raw.get("snapshot-age"), where) or defaults.snapshot_age,
        _level(raw.get("snapshot-level", defaults.snapshot_level), where),
        _count("etcd-backup-intervals", raw, defaults.etcd_backup_intervals, where),
        _count("certificate-days", raw, defaults.certificate_days, where),
    )


def _age(raw: object, where: str) -> timedelta | None:
    if raw is None:
        return None
    field = f"{TABLE}.snapshot-age"
    if not isinstance(raw, str):
        raise InvalidInput(field, f"must be a duration such as 3h in {where}")
    try:
        length = durations.parse(raw)
    except ValueError as error:
        raise InvalidInput(field, f"{error}, in {where}") from error
    if not length:
        raise InvalidInput(field, f"must be longer than nothing in {where}")
    return length


def _level(raw: object, where: str) -> int:
    if raw not in _LEVELS or isinstance(raw, bool):
        levels = ", ".join(map(str, _LEVELS))
        raise InvalidInput(f"{TABLE}.snapshot-level", f"{raw!r} is none of {levels} in {where}")
    return int(str(raw))


def _count(key: str, table: Mapping[str, Any], default: int, where: str) -> int:
    raw = table.get(key, default)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= _MOST:
        problem = f"{raw!r} is no whole number from 1 to {_MOST} in {where}"
        raise InvalidInput(f"{TABLE}.{key}", problem)
    return raw
