"""What is wrong with a value, in words that do not speak of pydantic's types. Pure."""

from typing import Any, Final

_PLAIN: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is not true or false",
    "bool_type": "is not true or false",
    "string_type": "is not text",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "dict_type": "is not a table of names and values",
    "mapping_type": "is not a table of names and values",
    "model_type": "is not a table of names and values",
}
"""Kinds of pydantic's errors in words that do not speak of its types."""
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "is below {}"),
    "greater_than": ("gt", "is not above {}"),
    "less_than_equal": ("le", "is above {}"),
    "less_than": ("lt", "is not below {}"),
    "too_short": ("min_length", "has fewer values than {}"),
    "too_long": ("max_length", "has more values than {}"),
    "string_too_short": ("min_length", "is shorter than {} characters"),
    "string_too_long": ("max_length", "is longer than {} characters"),
    "string_pattern_mismatch": ("pattern", "is not of the form {}"),
}


def plain(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return the message of one of pydantic's errors as people say it, with what was typed."""
    kind, typed = str(error["type"]), error.get("input")
    shown = "" if kind == "missing" or not isinstance(typed, str | int | float) else f"{typed!r} "
    if kind in _PLAIN:
        return f"{'' if kind == 'extra_forbidden' else shown}{_PLAIN[kind]}"
    if kind in _BOUNDS:
        name, bound = _BOUNDS[kind]
        return f"{shown}{bound.format(error['ctx'][name])}"
    if kind == "literal_error":
        return f"{shown}is none of {str(error['ctx']['expected']).replace(' or ', ', ')}"
    return str(error["msg"]).removeprefix("Value error, ")
