"""Definitions that were cut off after a whole line, which still read well. Pure.

kops sorts the fields of an object, so a cut takes the last ones: `subnets` of a cluster, `role` and
`subnets` of an instance group. Without them kops refuses the object; what it applied had them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kled.kops import layout

_SUBNETS: Final = re.compile(rb"^  subnets:", re.MULTILINE)
_PLACES: Final = ("control-plane", "node", "apiserver", "bastion")
_CONTROL_PLANE: Final = frozenset({"Master", "ControlPlane"})


def findings(objects: Mapping[str, bytes], key: str, spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the definition at `key` lacks although kops applied it, in words.

    `spec` is what it holds; `objects` are the cluster's, by relative key.
    """
    for field in _lacking(objects, key, spec):
        yield f"{key} has no spec.{field}, and kops applied it: its end may be cut off"


def _lacking(objects: Mapping[str, bytes], key: str, spec: Mapping[str, Any]) -> Iterator[str]:
    if key == layout.CONFIG:
        if not spec.get("subnets") and _SUBNETS.search(objects.get(layout.COMPLETED, b"")):
            yield "subnets"
        return
    name = key.removeprefix(layout.GROUPS)
    if not any(f"igconfig/{one}/{name}/nodeupconfig.yaml" in objects for one in _PLACES):
        return
    if not spec.get("role"):
        yield "role"
    elif spec["role"] in _CONTROL_PLANE and not spec.get("subnets"):
        yield "subnets"
