"""Parts of the sentences that people read. Pure."""

from collections.abc import Sequence


def enumerated(names: Sequence[str], most: int) -> str:
    """Return the first `most` names and how many more there are: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
