"""What a deployment carries to whatever worker runs it: one variable in JSON, bound by a digest.

Pure. What was changed by hand, or cut, is refused.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from kled.errors import InvalidInput, NotApproved

T = TypeVar("T")
VARIABLES: Final = frozenset({"KLED_APPROVAL", "KLED_RULES"})
"""What each deployment carries that `kled deploy` has made; `prefect deploy` drops them."""
_DIGITS: Final = 12
_UNREADABLE: Final = (
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    RecursionError,
    InvalidInput,
)


def digest(document: Mapping[str, Any]) -> str:
    """Return what tells documents apart: hexadecimal digits, of plain data in any order."""
    text = json.dumps(document, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def encode(document: Mapping[str, Any]) -> str:
    """Return the variable's value."""
    return json.dumps({"digest": digest(document), **document})


def decode(
    variable: str,
    value: str,
    read: Callable[[dict[str, Any]], T],
    document_of: Callable[[T], Mapping[str, Any]],
    remark: str = "",
) -> T:
    """Return what `read` makes of the variable's value.

    Raises `NotApproved`, with the `remark` in its hint, where it cannot be read, or where the
    document of what was read is not that of the digest.
    """
    try:
        document = json.loads(value)
        expected = document.pop("digest")
        carried = read(document)
        actual = digest(document_of(carried))
    except _UNREADABLE as error:
        message = f"{variable} cannot be read ({type(error).__name__})"
        raise refused(message, remark) from error
    if actual != expected:
        message = f"{variable} was changed: its rules are not those of its digest {expected}"
        raise refused(message, remark)
    return carried


def refused(what: str, remark: str = "") -> NotApproved:
    """Return the refusal of a run that cannot know its rules."""
    return NotApproved(
        f"{what}; nothing was changed",
        hint="put the deployment on the server again, with the rules: kled deploy"
        f" --environment=ENVIRONMENT{remark}",
    )
