"""Results on stdout: a table, JSON or YAML of the same values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

from kled.cli.terminal import streams, typed_places
from kled.cli.terminal.streams import Terminal
from kled.commands import advised
from kled.visible import visible

_INDENT: Final = "    "
"""The indentation of cells below their row."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and the key of the value in a row's JSON."""

    heading: str
    key: str
    absent: str = ""
    """The text for a missing value."""


def show(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    form: str,
    to: TextIO | None = None,
) -> None:
    """Write `rows` as `form`; JSON and YAML carry every value, the table the named columns.

    The result is flushed, so that later messages follow it in a log of both streams.
    """
    if form == "table":
        terminal = _out(to)
        told = advised(rows, typed_places.places())
        terminal.say(*table(told, columns, width=terminal.columns()))
    else:
        show_value([dict(row) for row in rows], form, to)


def show_value(value: object, form: str, to: TextIO | None = None, *, exact: bool = False) -> None:
    """Write one value as JSON, or as YAML (which is also the readable form of a single value).

    Secrets are removed, unless the value is to be read again `exact` as it is: a definition,
    variables.
    """
    value = advised(value, typed_places.places())
    value = value if exact else streams.redactor().data(value)
    if form == "json":
        _out(to).data(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    else:
        from kled.yaml_text import to_text  # noqa: PLC0415 - not for tables

        _out(to).data(to_text([_whole(value)]))


def show_documents(values: Sequence[object], to: TextIO | None = None) -> None:
    """Write values as documents of one YAML text, for example a definition as kops reads it."""
    from kled.yaml_text import to_text  # noqa: PLC0415 - not for tables

    _out(to).data(to_text([_whole(value) for value in values]))


def _out(to: TextIO | None) -> Terminal:
    return Terminal(to) if to is not None else streams.out()


def _whole(value: object) -> object:
    """Return the value with lone surrogates as escapes, for which YAML has no form."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_whole(key): _whole(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_whole(inner) for inner in value]
        case _:
            return value


def table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, width: int | None = None
) -> list[str]:
    """Return the lines of a plain aligned table.

    Cells that do not fit into `width` stand below their row, from the right and each on a line of
    its own: the terminal may wrap that line, and copying it still gives the whole. Not rich, whose
    import costs a read command more time than kops itself takes.
    """
    lines = [[column.heading for column in columns]]
    lines += [[_cell(row.get(column.key), column.absent) for column in columns] for row in rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    beside = _fitting(widths, width)
    told = []
    for number, line in enumerate(lines):
        cells = zip(line[:beside], widths, strict=False)
        told.append("  ".join(cell.ljust(wide) for cell, wide in cells).rstrip())
        below = line[beside:] if number else [" | ".join(line[beside:])]
        told += [f"{_INDENT}{cell}" for cell in below if cell]
    return told


def _fitting(widths: Sequence[int], width: int | None) -> int:
    """Return how many columns fit beside one another; at least one."""
    for count in range(len(widths), 1, -1):
        if width is None or sum(widths[:count]) + 2 * (count - 1) <= width:
            return count
    return 1


def _cell(value: object, absent: str) -> str:
    if value is None:
        return absent
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return visible(",".join(str(element) for element in value))
    return visible(str(value))
