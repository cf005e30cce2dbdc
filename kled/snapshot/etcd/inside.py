"""What of an etcd backup is bound to what etcd does not hold: disks, and addresses.

Volumes lie in zones, load balancers have addresses: neither comes back with a backup. So a recovery
lists them before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kled.snapshot.etcd import objects
from kled.snapshot.etcd.backup import LARGEST, open_backup
from kled.snapshot.etcd.bolt import Database
from kled.snapshot.etcd.contents import EtcdContents, count
from kled.snapshot.etcd.objects import Balancer, Volume
from kled.snapshot.etcd.revisions import parse

_VOLUMES: Final = b"/registry/persistentvolumes/"
_SERVICES: Final = b"/registry/services/specs/"
_MASTERS: Final = b"/registry/masterleases/"
_MOST: Final = 20_000
"""How many volumes and Services are described; of more only the number is told."""


@dataclass(frozen=True, slots=True)
class EtcdInside:
    """What a backup holds, and what is bound to things outside of it."""

    contents: EtcdContents
    volumes: tuple[Volume, ...] = ()
    balancers: tuple[Balancer, ...] = ()
    masters: tuple[str, ...] = ()
    """The addresses of API servers that it names as living; a restored one names them for ever."""
    unreadable: int = 0
    """Volumes and Services that are encrypted, or cannot be read."""
    untold: int = 0
    """Those that are too many to be described."""

    @property
    def volumes_by_zone(self) -> Mapping[str, int]:
        """How many volumes each zone has; the empty name is for those that tell none."""
        zones = [each.zones or ("",) for each in self.volumes]
        names = sorted({zone for each in zones for zone in each})
        return {name: sum(name in each for each in zones) for name in names}

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            **self.contents.as_json(),
            "secrets": self.contents.secrets,
            "volumes": [each.as_json() for each in self.volumes],
            "volumes_by_zone": dict(self.volumes_by_zone),
            "load_balancers": [each.as_json() for each in self.balancers],
            "masterleases": list(self.masters),
            "unreadable": self.unreadable,
            "untold": self.untold,
        }


@dataclass(slots=True)
class _Bound:
    """The live values below the prefixes that are described."""

    values: dict[bytes, bytes] = field(default_factory=dict)
    masters: set[bytes] = field(default_factory=set)
    untold: int = 0

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take in one change of a key; None: it was deleted."""
        if key.startswith(_MASTERS):
            (self.masters.discard if value is None else self.masters.add)(key)
        elif key.startswith((_VOLUMES, _SERVICES)):
            if value is None:
                self.values.pop(key, None)
            elif key in self.values or len(self.values) < _MOST:
                self.values[key] = value
            else:
                self.untold += 1


def look_inside(
    chunks: Iterable[bytes], *, directory: Path | None = None, limit: int = LARGEST
) -> EtcdInside:
    """Prove a backup as `contents.inspect` does, and describe what is bound to outside of it.

    Raises `SnapshotNotTrustworthy` as that does. One more pass over the database; memory is bounded
    by the described values. Changes nothing.
    """
    with open_backup(chunks, directory=directory, limit=limit) as data:
        database = Database(data)
        contents, bucket = count(data, database)
        bound = _Bound()
        for name, record in database.items(bucket):
            change = parse(name, record)
            bound.take(change.key, change.value)
    return _described(contents, bound)


def _described(contents: EtcdContents, bound: _Bound) -> EtcdInside:
    volumes = [objects.volume(v) for k, v in bound.values.items() if k.startswith(_VOLUMES)]
    services = [objects.balancer(v) for k, v in bound.values.items() if k.startswith(_SERVICES)]
    return EtcdInside(
        contents,
        tuple(sorted(each for each in volumes if each is not None)),
        tuple(sorted(each for each in services if isinstance(each, Balancer))),
        tuple(sorted(key.removeprefix(_MASTERS).decode(errors="replace") for key in bound.masters)),
        volumes.count(None) + services.count(True),
        bound.untold,
    )
