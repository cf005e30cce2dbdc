"""Which zones belong to which cloud, as far as their names tell.

Facts: captures C02 to C08 (one zone of each cloud), C05d (Hetzner's whole list).
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class _Zones:
    """How a cloud names its zones."""

    cloud: str
    pattern: str
    example: str


_HETZNER: Final = "fsn1|nbg1|hel1|ash|hil"
_ZONES: Final = (
    _Zones("hetzner", _HETZNER, "fsn1"),
    _Zones("scaleway", r"[a-z]{2}-[a-z]{3}-[1-9]", "fr-par-1"),
    _Zones("aws", r"[a-z]{2}(-[a-z]+)+-\d+([a-z]|(-[a-z0-9]+)+)", "us-east-1a"),
    _Zones("gce", r"[a-z]+(-[a-z]+)*-[a-z]+\d+-[a-z]", "us-central1-a"),
    _Zones("digitalocean", r"[a-z]{3}[1-9]", "nyc1"),
    _Zones("azure", r"[a-z]{5,}\d?-[1-9]", "eastus-1"),
)
_ANY: Final = _Zones("openstack", r"[^\s,]+", "nova")


def cloud_of(zone: str) -> str | None:
    """Return the cloud that `zone` can only belong to by its name, None where none stands out."""
    return next((each.cloud for each in _ZONES if re.fullmatch(each.pattern, zone)), None)


def is_zone_of(zone: str, cloud: str) -> bool:
    """Whether `zone` is spelled as `cloud` spells its zones; whether it exists only it knows."""
    return re.fullmatch(_of(cloud).pattern, zone) is not None


def pattern_of(cloud: str) -> str:
    """Return the pattern of a whole zone of `cloud`."""
    return _of(cloud).pattern


def example_zone(cloud: str) -> str:
    """Return a zone that `cloud` has."""
    return _of(cloud).example


def _of(cloud: str) -> _Zones:
    return next((each for each in _ZONES if each.cloud == cloud), _ANY)
