"""Definitions that were cut off after a whole line, which still read well. Pure.

kops sorts the fields of an object, so a cut takes the last ones: `subnets` and `topology` of a
cluster, `role` and `subnets` of an instance group. Without them kops refuses the object, or fills
in what it was not; what it applied had them. A topology that kops would fill in as it was may be
left out: people write definitions without it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kled import yaml_text
from kled.errors import TextUnreadable
from kled.kops.state_store import layout

_SUBNETS: Final = re.compile(rb"^  subnets:", re.MULTILINE)
_PLACES: Final = ("control-plane", "node", "apiserver", "bastion")
_OF_A_SUBNET: Final = ("name", "type", "zone", "region")
_DEFAULT_DNS: Final = "Public"
_CONTROL_PLANE: Final = frozenset({"Master", "ControlPlane"})


def findings(objects: Mapping[str, bytes], key: str, spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the definition at `key` lacks although kops applied it, in words.

    `spec` is what it holds; `objects` are the cluster's, by relative key.
    """
    for field in _lacking(objects, key, spec):
        yield f"{key} has no spec.{field}, and kops applied it: its end may be cut off"


def _lacking(objects: Mapping[str, bytes], key: str, spec: Mapping[str, Any]) -> Iterator[str]:
    if key == layout.CONFIG:
        completed = objects.get(layout.COMPLETED, b"")
        if not spec.get("subnets") and _SUBNETS.search(completed):
            yield "subnets"
        elif completed and _may_be_cut(spec):
            yield from _of_the_end(spec, completed)
        return
    name = key.removeprefix(layout.GROUPS)
    if not any(f"igconfig/{place}/{name}/nodeupconfig.yaml" in objects for place in _PLACES):
        return
    if not spec.get("role"):
        yield "role"
    elif spec["role"] in _CONTROL_PLANE and not spec.get("subnets"):
        yield "subnets"


def _may_be_cut(spec: Mapping[str, Any]) -> bool:
    """Whether one of the last fields is missing: only then is what was applied worth reading."""
    whole = all(subnet.get(field) for subnet in _subnets(spec) for field in _OF_A_SUBNET[:3])
    return not whole or not _dns(spec)


def _of_the_end(spec: Mapping[str, Any], completed: bytes) -> Iterator[str]:
    """Yield the fields of subnets and topology that were applied and are not there."""
    try:
        document = yaml_text.document(completed)
    except TextUnreadable:
        return
    applied = document.get("spec") if isinstance(document, dict) else None
    if not isinstance(applied, Mapping):
        return
    had = {str(field.get("name")): field for field in _subnets(applied)}
    for at, subnet in enumerate(_subnets(spec)):
        before = had.get(str(subnet.get("name")))
        if before is None and not subnet.get("name"):
            yield f"subnets[{at}].name"
        elif before is not None:
            lost = [field for field in _OF_A_SUBNET if before.get(field) and not subnet.get(field)]
            yield from (f"subnets[{at}].{field}" for field in lost)
    if not _dns(spec) and (_dns(applied) or _DEFAULT_DNS) != _DEFAULT_DNS:
        yield "topology.dns.type"


def _subnets(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    subnets = spec.get("subnets")
    return (
        [subnet for subnet in subnets if isinstance(subnet, Mapping)]
        if isinstance(subnets, list)
        else []
    )


def _dns(spec: Mapping[str, Any]) -> object:
    topology = spec.get("topology")
    dns = topology.get("dns") if isinstance(topology, Mapping) else None
    return dns.get("type") if isinstance(dns, Mapping) else None
