"""Which bounds somebody means who scales a group: both at once, or one of them."""

from kled.errors import InvalidInput


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
