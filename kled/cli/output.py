"""Results on stdout: a table, JSON or YAML of the same values."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and the key of the value in a row's JSON."""

    heading: str
    key: str
    absent: str = ""
    """What stands there where there is no value."""


def show(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    form: str,
    to: TextIO | None = None,
) -> None:
    """Write `rows` as `form`; JSON and YAML carry every value, the table the named columns.

    Written out at once: what is said afterwards comes after it in a log of both streams.
    """
    out = to or sys.stdout
    if form == "table":
        out.writelines(line + "\n" for line in table(rows, columns))
        out.flush()
    else:
        show_value([dict(row) for row in rows], form, out)


def show_value(value: object, form: str, to: TextIO | None = None) -> None:
    """Write one value as JSON, or as YAML (which is also the readable form of a single value)."""
    out = to or sys.stdout
    if form == "json":
        out.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    else:
        from kled.yaml_text import to_text  # noqa: PLC0415 - not for tables

        out.write(to_text([value]))
    out.flush()


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[str]:
    """Return the lines of a plain aligned table.

    Not rich: importing it costs a read command more than kops itself takes.
    """
    lines = [[column.heading for column in columns]]
    lines += [[_cell(row.get(column.key), column.absent) for column in columns] for row in rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(value: object, absent: str) -> str:
    if value is None:
        return absent
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ",".join(str(one) for one in value)
    return str(value)
