"""Draw a run's ratios as bars: `python -m benchmarks.snapshots.plot RESULT.json > PLOT.svg`."""

import json
import statistics
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_ROW, _LEFT, _WIDE, _TOP = 58, 190, 460, 56
_FIGURES = (("wall", "#1f77b4"), ("cpu", "#ff7f0e"), ("requests", "#2ca02c"))


def main() -> None:
    pairs = json.loads(Path(sys.argv[1]).read_text())
    print(drawn(pairs))


def drawn(pairs: list[dict[str, Any]]) -> str:
    """Return an SVG: for each job how many times more rclone took than kled, 1 being equal."""
    ratios = [(pair["job"], {name: _ratio(pair, name) for name, _ in _FIGURES}) for pair in pairs]
    most = max(max(one.values()) for _, one in ratios)
    height = _TOP + _ROW * len(ratios) + 20
    size = f'width="{_LEFT + _WIDE + 80}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="20" font-size="14">rclone / kled: longer bars, better for kled</text>',
    ]
    for at, (name, color) in enumerate(_FIGURES):
        x = _LEFT + at * 110
        lines.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{color}"/>')
        lines.append(f'<text x="{x + 17}" y="40">{name}</text>')
    for row, (job, found) in enumerate(ratios):
        y = _TOP + row * _ROW
        lines.append(f'<text x="10" y="{y + 26}">{escape(job)}</text>')
        for at, (name, color) in enumerate(_FIGURES):
            wide = max(1.0, found[name] / most * _WIDE)
            top = y + at * 15
            lines.append(
                f'<rect x="{_LEFT}" y="{top}" width="{wide:.1f}" height="12" fill="{color}"/>'
            )
            lines.append(
                f'<text x="{_LEFT + wide + 5:.1f}" y="{top + 10}">{found[name]:.1f}</text>'
            )
    one = _LEFT + _WIDE / most
    lines.append(
        f'<line x1="{one:.1f}" y1="{_TOP - 6}" x2="{one:.1f}" y2="{height - 16}" stroke="black"'
        ' stroke-dasharray="4 3"/>'
    )
    return "\n".join([*lines, "</svg>"])


def _ratio(pair: dict[str, Any], figure: str) -> float:
    def of(run: dict[str, Any]) -> float:
        if figure == "requests":
            return float(run["reads"] + run["lists"] + run["writes"] + run["others"])
        return float(run[figure])

    both = zip(pair["ours"], pair["peers"]["rclone"], strict=True)
    return statistics.median(of(peer) / max(of(own), 1e-9) for own, peer in both)


if __name__ == "__main__":
    main()
