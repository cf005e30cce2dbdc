"""Tables as Go's tabwriter prints them for kops: columns padded with tabs to stops of eight."""

from collections.abc import Iterable, Sequence

_STOP = 8


def render(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the table's lines, each with its newline; the rows in the order given.

    Source: captures 07, 12 and 32 (each cell but the last is padded to the column's width, which
    is the next multiple of eight after its longest cell).
    """
    everything = [header, *rows]
    widths = [
        (max(len(row[column]) for row in everything) // _STOP + 1) * _STOP
        for column in range(len(header))
    ]
    return "".join(_line(row, widths) for row in everything)


def _line(row: Sequence[str], widths: list[int]) -> str:
    padded = (
        cell + "\t" * -(-(width - len(cell)) // _STOP)
        for cell, width in zip(row[:-1], widths, strict=False)
    )
    return "".join(padded) + row[-1] + "\n"
