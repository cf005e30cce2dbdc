"""Which region a zone is in, by its name alone, as kops takes it. Pure.

Sources: `FindRegion` of awsup and hetzner, `ZoneToRegion` of gce, `ZoneToLocation` of azure,
`ParseRegionFromZone` of scaleway (upup/pkg/fi/cloudup, kops 1.36.2); captures 02-create-cluster,
C02 (us-central1-a), C03 (eastus-1), C04b (nyc1), C05b (fsn1) and C07b (fr-par-1). What AWS calls
its local zones (us-east-1-bos-1a) and those of Wavelength (us-east-1-wl1-bos-wlz-1) is in its own
documents: kops cuts the last letter off, and knows no such region.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_AWS: Final = r"[a-z]{2,4}(?:-[a-z]+)+-\d+"
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "aws": re.compile(
        rf"(?P<region>{_AWS})(?:[a-z]|-[a-z]{{3,4}}-\d+[a-z]|-wl\d-[a-z]{{3}}-wlz-\d)"
    ),
    "gce": re.compile(r"(?P<region>[a-z]+-[a-z]+\d+)-[a-z]"),
    "azure": re.compile(r"(?P<region>[a-z]+\d?)-\d"),
    "digitalocean": re.compile(r"(?P<region>[a-z]{3}\d)"),
    "scaleway": re.compile(r"(?P<region>[a-z]{2}-[a-z]{3})-\d"),
}
_HETZNER: Final[Mapping[str, str]] = {
    **dict.fromkeys(("fsn1", "nbg1", "hel1"), "eu-central"),
    "ash": "us-east",
    "hil": "us-west",
}
CLOUDS: Final = frozenset({*_FORMS, "hetzner"})
"""The clouds whose definitions tell where they are; the region of OpenStack is a variable."""
_REGIONS: Final[Mapping[str, re.Pattern[str]]] = {
    "aws": re.compile(_AWS),
    "gce": re.compile(r"[a-z]+-[a-z]+\d+"),
    "azure": re.compile(r"[a-z]+\d?"),
    "digitalocean": re.compile(r"[a-z]{3}\d"),
    "scaleway": re.compile(r"[a-z]{2}-[a-z]{3}"),
    "hetzner": re.compile(r"[a-z]{2}-[a-z]+"),
}
_SUFFIXES: Final[Mapping[str, str]] = {
    "aws": "[a-z]?",
    "gce": "(?:-[a-z])?",
    "azure": r"(?:-\d)?",
    "scaleway": r"(?:-\d)?",
}
_PLAIN: Final = re.compile(rf"{_AWS}[a-z]")
_SHORT: Final[Mapping[str, str]] = {
    **{name: name[0] for name in ("north", "south", "east", "west", "central", "gov")},
    **{f"{a}{b}": f"{a[0]}{b[0]}" for a in ("north", "south") for b in ("east", "west")},
}


def cloud_of(cluster: Mapping[str, Any]) -> str:
    """Return the cloud of a definition, in v1alpha2 or v1alpha3; empty where it names none."""
    spec = cluster.get("spec")
    provider = spec.get("cloudProvider") if isinstance(spec, Mapping) else None
    if isinstance(provider, Mapping):
        return str(next(iter(provider), ""))
    return provider if isinstance(provider, str) else ""


def region_of(cloud: str, zone: str) -> str | None:
    """Return the region of a zone; None where no zone of that cloud is called so."""
    if cloud == "hetzner":
        return _HETZNER.get(zone)
    form = _FORMS.get(cloud)
    match = form.fullmatch(zone) if form else None
    return match["region"] if match else None


def is_region(cloud: str, name: str) -> bool:
    """Whether a region of that cloud may be called so."""
    form = _REGIONS.get(cloud)
    return form is not None and form.fullmatch(name) is not None


def takes_machines(cloud: str, zone: str) -> bool:
    """Whether kops finds the region of a zone: not that of a local zone or of Wavelength."""
    return cloud != "aws" or _PLAIN.fullmatch(zone) is not None


def listed(cloud: str, region: str) -> tuple[str, ...]:
    """Return the zones of a region whose names do not tell it."""
    return tuple(zone for zone in _HETZNER if cloud == "hetzner" and _HETZNER[zone] == region)


def zone_suffix(cloud: str) -> str:
    """Return a pattern of what may follow a region's name in the name of one of its zones."""
    return _SUFFIXES.get(cloud, "")


def short_form(cloud: str, region: str) -> str:
    """Return what AWS' ids of zones begin with: `use1` of us-east-1 (use1-az4); empty elsewhere."""
    if cloud != "aws" or not is_region(cloud, region):
        return ""
    first, *names, number = region.split("-")
    return "".join((first, *(_SHORT.get(name, name) for name in names), number))
