"""Draw costs against the size of a fleet: a panel for each job and figure, a line for each tool.

python -m benchmarks.snapshots.curves COSTS.json > CURVES.svg
"""

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import ceil, log10
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

_WIDE, _HIGH = 150, 96
_LEFT, _TOP = 190, 84
_ACROSS, _DOWN = 58, 34
_COLOURS = {"kled": "#1f77b4", "rclone": "#ff7f0e", "restic": "#2ca02c", "aws": "#9467bd"}
_STEPS = (1, 2, 5, 10)

Run = Mapping[str, float]
Line = Sequence[tuple[float, float]]


class Figure(NamedTuple):
    """A column of panels."""

    title: str
    of: Callable[[Run], float]


_FIGURES = (
    Figure("wall, s", lambda run: run["wall"]),
    Figure("CPU, s", lambda run: run["cpu"]),
    Figure("requests", lambda run: sum(run[key] for key in ("reads", "lists", "writes", "others"))),
    Figure("peak memory, MB", lambda run: run["peak_mb"]),
)


def main() -> None:
    print(drawn(json.loads(Path(sys.argv[1]).read_text())))


def drawn(costs: Sequence[Mapping[str, Any]]) -> str:
    """Return an SVG of the medians that `sizes` saved."""
    jobs = [row["job"] for row in costs[0]["rows"]]
    wide = _LEFT + len(_FIGURES) * (_WIDE + _ACROSS)
    high = _TOP + len(jobs) * (_HIGH + _DOWN) + 10
    size = f'width="{wide}" height="{high}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="22" font-size="14">Cost by how many clusters a fleet has</text>',
        *_legend(list(dict.fromkeys(chain.from_iterable(_tools(cost) for cost in costs)))),
    ]
    for column, figure in enumerate(_FIGURES):
        x = _LEFT + column * (_WIDE + _ACROSS)
        parts.append(f'<text x="{x}" y="{_TOP - 14}" font-weight="bold">{figure.title}</text>')
        for row, job in enumerate(jobs):
            y = _TOP + row * (_HIGH + _DOWN)
            if column == 0:
                parts.append(_text(10, y + _HIGH / 2, job, ' font-weight="bold"'))
            parts.append(f'<g transform="translate({x} {y})">')
            parts.extend(_panel(_lines(costs, row, figure)))
            parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def _tools(cost: Mapping[str, Any]) -> list[str]:
    return ["kled", *(peer for row in cost["rows"] for peer in row["peers"])]


def _legend(tools: Sequence[str]) -> list[str]:
    parts = []
    for at, tool in enumerate(tools):
        x = 10 + at * 90
        parts.append(
            f'<line x1="{x}" y1="40" x2="{x + 22}" y2="40" stroke="{_COLOURS[tool]}"'
            ' stroke-width="2"/>'
        )
        parts.append(_text(x + 28, 44, tool))
    return parts


def _lines(costs: Sequence[Mapping[str, Any]], row: int, figure: Figure) -> dict[str, Line]:
    """Return for each tool the median of its rounds, by the number of clusters."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for cost in costs:
        measured = cost["rows"][row]
        for tool, runs in {"kled": measured["ours"], **measured["peers"]}.items():
            median = statistics.median(map(figure.of, runs))
            lines.setdefault(tool, []).append((cost["clusters"], median))
    return dict(lines)


def _panel(lines: Mapping[str, Line]) -> list[str]:
    """Draw the lines of one job and figure, both axes from 0, in a box at the origin."""
    points = list(chain.from_iterable(lines.values()))
    right, top = (max(point[axis] for point in points) for axis in (0, 1))
    across, up = _ticks(right), _ticks(top)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] / across[-1] * _WIDE, _HIGH - point[1] / up[-1] * _HIGH

    parts = [f'<path d="M0 0V{_HIGH}H{_WIDE}" fill="none" stroke="#888"/>']
    for value in up:
        y = place((0, value))[1]
        parts.append(f'<path d="M0 {y:.1f}H{_WIDE}" stroke="#ddd"/>')
        parts.append(_text(-5, y + 4, f"{value:g}", ' text-anchor="end"'))
    parts.extend(
        _text(place((value, 0))[0], _HIGH + 14, f"{value:g}", ' text-anchor="middle"')
        for value in across
    )
    for tool, line in lines.items():
        spots = [place(point) for point in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        colour = _COLOURS[tool]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.extend(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in spots
        )
    return parts


def _ticks(most: float) -> list[float]:
    """Return two to five round numbers from 0 to `most` or more."""
    magnitude = 10.0 ** ceil(log10(max(most, 1e-9)) - 1)
    step = next(step * magnitude for step in _STEPS if step * magnitude * 4 >= most)
    return [step * at for at in range(ceil(most / step) + 1)]


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'


if __name__ == "__main__":
    main()
