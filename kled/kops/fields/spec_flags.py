"""The flags of `kops create cluster` that a wanted cluster is told by. Facts: capture help/."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kled.kops.command import FlagValues
    from kled.models.spec import ClusterSpec  # imports pydantic

_NAMES: Final = {"labels": "cloud-labels"}
"""Flags that are not called as the field is."""
_ASSIGNMENTS: Final = frozenset({"set", "unset"})


def flags(spec: "ClusterSpec") -> "FlagValues":
    """Return the flags (without dashes) and their values, in the order of the form.

    Lists of names are one flag with commas; assignments are one flag each.
    """
    options: list[tuple[str, str]] = []
    for field, value in spec.given():
        flag = _NAMES.get(field, field.replace("_", "-"))
        if field in _ASSIGNMENTS:
            options += [(flag, assignment) for assignment in value]
        else:
            options.append((flag, _spelled(value)))
    return options


def _spelled(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return "true" if value is True else str(value)
