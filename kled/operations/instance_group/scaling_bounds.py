"""Which bounds somebody means who scales a group: both at once, or one of them."""

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
    """Return the bounds; None leaves one as it is. Raises `InvalidInput` for both ways, or none."""
    if (size is not None) == (minimum is not None or maximum is not None):
        raise InvalidInput("--size", "give either --size, or --min and --max")
    return (size, size) if size is not None else (minimum, maximum)


def require_order(low: int, high: int, minimum: int | None, maximum: int | None) -> None:
    """Raise `InvalidInput` where the bounds that would be stored cross; one of two was given."""
    if (minimum is not None or maximum is not None) and low > high:
        raise InvalidInput(
            "--min" if minimum is not None else "--max",
            f"the least number, {low}, is above the greatest, {high}",
            hint="give --min and --max together",
        )


def require_bounds(stored: Document, minimum: int | None, maximum: int | None) -> None:
    """Raise as `require_order` for what would be stored of a group, where one bound stays."""
    low, high = bounds(stored)
    low = low if minimum is None else minimum
    high = high if maximum is None else maximum
    require_order(low, high, minimum, maximum)


def bounds_set(minimum: int | None, maximum: int | None) -> tuple[str, ...]:
    """Return the fields that an edit of the bounds sets, as `EditInstanceGroup` takes them."""
    given = {"spec.minSize": minimum, "spec.maxSize": maximum}
    return tuple(f"{path}={size}" for path, size in given.items() if size is not None)


def next_command(cluster: str, before: Document, after: Document) -> str:
    """Return the command after an edit of a group: what drains, where fewer machines are wanted.

    `update-cluster` would be refused there (`undrained`). Where more was changed, it is the one
    all the same: scaling applies nothing else.
    """
    fields = {field for field, _, _ in changed_fields(before, after)}
    low, high = bounds(after)
    if not fields <= _BOUNDS or high >= bounds(before)[1]:
        return f"kled kops update-cluster {options(name=cluster)}"
    named = {"name": cluster, "instance_group": object_name(after)}
    return f"kled kops scale-instance-group {options(**named, min=low, max=high, yes=True)}"
