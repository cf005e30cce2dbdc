"""What a plan does to the volumes of etcd: it makes them, or would have them in another zone. Pure.

kops names a volume after member, etcd cluster and cluster (pkg/model/master_volumes.go): with dots
on most clouds, with `-` and a letter in front of a digit at Google, and behind `kops-` at
DigitalOcean.
"""

import re
from collections.abc import Iterator
from typing import Final

from kled.kops.facts import plan_areas
from kled.kops.facts.etcd_members import Document, names
from kled.models.plan import Plan

_PLACES: Final = frozenset({"AvailabilityZone", "Zone", "Zones", "Region", "Location"})
"""Fields of the tasks that make volumes (`upup/pkg/fi/cloudup/*tasks`), whichever cloud it is."""


def made(plan: Plan) -> tuple[str, ...]:
    """Return the volumes for etcd that a plan makes, as `kind/name`."""
    return plan_areas.new_etcd_volumes(plan)


def moved(plan: Plan) -> tuple[str, ...]:
    """Return the volumes for etcd to which a plan gives another place, with from where to where."""
    return tuple(
        f"{change.kind}/{change.name} ({field}: {change.fields[field]})"
        for change in plan.changes
        if change.kind in plan_areas.ETCD_VOLUMES and change.action == "modify"
        for field in sorted(_PLACES & change.fields.keys())
    )


def anew(plan: Plan, applied: Document) -> tuple[str, ...]:
    """Return the volumes that a plan makes of etcd clusters of which it makes every member's.

    `applied` is the definition that was applied last. One that is lost of several is made anew, and
    etcd fills it; where all are to be made, its objects are nowhere.
    """
    volumes = made(plan)
    return tuple(
        volume
        for etcd, members in sorted(names(applied).items())
        for volume in _of_all(etcd, members, volumes)
    )


def _of_all(etcd: str, members: frozenset[str], volumes: tuple[str, ...]) -> list[str]:
    of_member = {member: list(_of(etcd, member, volumes)) for member in sorted(members)}
    whole = bool(of_member) and all(of_member.values())
    return [volume for each in of_member.values() for volume in each] if whole else []


def _of(etcd: str, member: str, volumes: tuple[str, ...]) -> Iterator[str]:
    start = re.escape(_dashed(f"{member}.etcd-{etcd}."))
    name = re.compile(rf"(?:kops-|d)?{start}")
    yield from (volume for volume in volumes if name.match(_dashed(volume.partition("/")[2])))


def _dashed(name: str) -> str:
    return re.sub(r"[._]", "-", name.lower())
