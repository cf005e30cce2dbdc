"""What of a restored etcd is bound to disks and addresses that may be gone; pure."""

from collections.abc import Iterator
from typing import Final

from kled.recovery.evidence import EtcdLeft
from kled.recovery.known import Unknown
from kled.sentences import enumerated, number
from kled.snapshot.etcd.inside import EtcdInside

_SHOWN: Final = 5


def bound_losses(etcd: EtcdLeft | None) -> Iterator[str]:
    """Yield what a person has to look after once the backup is restored, in words."""
    inside = etcd.inside if etcd is not None else None
    if inside is None:
        return
    if inside.volumes:
        zones = [
            f"{count} in {zone}" if zone else f"{count} in no zone that is told"
            for zone, count in inside.volumes_by_zone.items()
        ]
        yield (
            f"what is on the disks of {number(len(inside.volumes), 'PersistentVolume')}, where the"
            f" disks are gone: {enumerated(zones, _SHOWN)}; each is restored from a copy of its own"
        )
    if inside.balancers:
        names = [each.name for each in inside.balancers]
        yield (
            f"the addresses of {number(len(names), 'Service')} of type LoadBalancer, where their"
            f" load balancers are gone: {enumerated(names, _SHOWN)}; then their DNS names are"
            " pointed to new ones"
        )
    if inside.unreadable or inside.untold:
        count = inside.unreadable + inside.untold
        yield f"{count} volumes and Services that could not be read in the backup"


def remarks_on(etcd: EtcdLeft | Unknown | None) -> Iterator[str]:
    """Yield what else the backup tells, or why it tells nothing, in words; None: nobody asked."""
    if etcd is None:
        return
    if isinstance(etcd, Unknown):
        ask = f"; {etcd.ask}" if etcd.ask else ""
        yield f"what a backup of etcd holds is not known: {etcd.because}{ask}"
        return
    for backup in etcd.tried:
        if backup.trouble:
            yield f"backup {backup.name} of etcd {backup.etcd} does not open: {backup.trouble}"
    if etcd.inside is not None:
        yield from _contents(etcd.inside)


def _contents(inside: EtcdInside) -> Iterator[str]:
    contents = inside.contents
    most = sorted(contents.resources.items(), key=lambda each: -each[1])
    told = enumerated([f"{count} {name}" for name, count in most], _SHOWN)
    yield f"the backup holds {number(contents.keys, 'object')}: {told}"
    if contents.clear_secrets:
        yield (
            f"{contents.clear_secrets} of {contents.secrets} Secrets are stored in clear: whoever"
            " has the backup has them"
        )
    if inside.masters:
        yield (
            f"it names {enumerated(inside.masters, _SHOWN)} as API servers: after a restore they"
            " are removed by hand (/registry/masterleases/)"
        )
