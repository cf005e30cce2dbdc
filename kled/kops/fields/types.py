"""Values of a stored definition that kops cannot read into the type of their field. Pure.

kops' decoder refuses the whole object for one of them (capture 67c), and with a group all groups of
its cluster. The types are those of `kled.kops.fields.known_fields`; a field that these do not have
is ignored by kops, and judged by nobody here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from kled.kops.fields.known_fields import fields_of
from kled.kops.fields.numbers import RANGES

_SPECS: Final = {"Cluster": "ClusterSpec", "InstanceGroup": "InstanceGroupSpec"}
_SCALARS: Final = {
    "string": "a text",
    "duration": "a duration, for example 10m",
    "bool": "true or false",
    "quantity": "a quantity, for example 100Mi",
    "intorstring": "a number or a text",
    **{kind: f"a whole number from {least} to {most}" for kind, (least, most) in RANGES.items()},
}
_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[-+]\d{2}:\d{2})", re.ASCII
)
"""RFC 3339, as Go's time.Parse takes it."""
_FORMS: Final = {
    "duration": re.compile(
        r"[-+]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)"
    ),
    "quantity": re.compile(r"[-+]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*"),
}
"""As Go's time.ParseDuration and Kubernetes' resource.Quantity take them; an empty text is none."""


def wrong(kind: Literal["Cluster", "InstanceGroup"], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what kops cannot read of a v1alpha2 document, in words that name the field."""
    metadata = document.get("metadata")
    yield from _wrong("metadata", "ObjectMeta", metadata)
    created = metadata.get("creationTimestamp") if isinstance(metadata, Mapping) else None
    if isinstance(created, str) and not _TIME.fullmatch(created):
        yield "metadata.creationTimestamp is no time, for example 2026-11-23T14:50:31Z"
    yield from _wrong("spec", _SPECS[kind], document.get("spec"))


def _wrong(path: str, kind: str, value: object) -> Iterator[str]:
    if value is None or kind == "any":
        return
    if kind[:2] in {"[]", "{}"}:
        yield from _wrong_inside(path, kind, value)
    elif kind in _SCALARS:
        if not _reads(kind, value):
            yield f"{path} is not {_SCALARS[kind]}"
    elif not isinstance(value, Mapping):
        yield f"{path} is no map"
    else:
        known = fields_of(kind)
        for field in value.keys() & known.keys():
            yield from _wrong(f"{path}.{field}", known[field].lstrip("-!"), value[field])


def _wrong_inside(path: str, kind: str, value: object) -> Iterator[str]:
    pairs: Iterable[tuple[object, object]]
    if kind.startswith("[]") and isinstance(value, list):
        pairs = enumerate(value)
    elif kind.startswith("{}") and isinstance(value, Mapping):
        pairs = value.items()
    else:
        yield f"{path} is no {'list' if kind.startswith('[]') else 'map'}"
        return
    for key, inner in pairs:
        yield from _wrong(f"{path}[{key}]", kind[2:], inner)


def _reads(kind: str, value: object) -> bool:
    """Say whether kops reads a value that is there; go-yaml writes 2.0 as 2."""
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    if kind in RANGES:
        least, most = RANGES[kind]
        return isinstance(value, int | float) and value % 1 == 0 and least <= value <= most
    if isinstance(value, str):
        return kind not in _FORMS or bool(_FORMS[kind].fullmatch(value))
    return isinstance(value, int | float) and kind in {"quantity", "intorstring"}
