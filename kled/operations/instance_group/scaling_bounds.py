"""Resolves the bounds that a person gives: both at once by a size, or one of them."""

from typing import Final

from kled.errors import InvalidInput
from kled.kops.facts.autoscaling import bounds
from kled.models.definition import object_name
from kled.operations.instance_group.edited_group import Document, changed_fields
from kled.sentences import options

_BOUNDS: Final = frozenset({"spec.minSize", "spec.maxSize"})


def bounds_meant(
    size: int | None, minimum: int | None, maximum: int | None
) -> tuple[int | None, int | None]:
    """Return the bounds; None keeps one as it is.

    Raises `InvalidInput` where a size and a bound are given, or neither.
    """
    if (size is not None) == (minimum is not None or maximum is not None):
        raise InvalidInput("--size", "give either --size, or --min and --max")
    return (size, size) if size is not None else (minimum, maximum)


def require_order(low: int, high: int, minimum: int | None, maximum: int | None) -> None:
    """Raise `InvalidInput` where the bounds that would be stored cross and only one was given."""
    if (minimum is not None or maximum is not None) and low > high:
        raise InvalidInput(
            "--min" if minimum is not None else "--max",
            f"the least number, {low}, is above the greatest, {high}",
            hint="give --min and --max together",
        )


def require_bounds(stored: Document, minimum: int | None, maximum: int | None) -> None:
    """Raise as `require_order` where one bound of the stored group stays."""
    low, high = bounds(stored)
    low = low if minimum is None else minimum
    high = high if maximum is None else maximum
    require_order(low, high, minimum, maximum)


def bounds_set(minimum: int | None, maximum: int | None) -> tuple[str, ...]:
    """Return the fields for an edit of the bounds, as `EditInstanceGroup` takes them."""
    given = {"spec.minSize": minimum, "spec.maxSize": maximum}
    return tuple(f"{path}={size}" for path, size in given.items() if size is not None)


def next_command(
    cluster: str, before: Document, after: Document, *, new_identity: str | None = None
) -> str:
    """Return the command after an edit of a group, which was made with this `--new-identity`.

    One that drains, where fewer machines are wanted.

    `update-cluster` would be refused there (`undrained`). The same holds where more was edited:
    scaling applies nothing else.
    """
    fields = {field for field, _, _ in changed_fields(before, after)}
    low, high = bounds(after)
    if not fields <= _BOUNDS or high >= bounds(before)[1]:
        return f"kled kops update-cluster {options(name=cluster, new_identity=new_identity)}"
    named = {"name": cluster, "instance_group": object_name(after)}
    return f"kled kops scale-instance-group {options(**named, min=low, max=high, yes=True)}"
