"""The drawing of rooms in docs/architecture.md is what the code imports, no more and no less.

`KLED_TEST_WRITE_DRAWING=1 pytest tests/docs/test_architecture_drawn.py` draws it anew.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import grimp

ARCHITECTURE: Final = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
ROOMS: Final = (
    *("kled.cli", "kled.api", "deployments", "flows", "tasks", "kled.operations"),
    *("kled.snapshot", "kled.lease", "kled.kubernetes", "kled.kops", "kled.storage"),
    *("kled.install", "kled.models", "kled.sandbox"),
)
"""What is drawn; the leaf modules below are in the table."""
_BEGIN: Final = "```mermaid\n"
_END: Final = "```"
_WRITE: Final = "KLED_TEST_WRITE_DRAWING"


def test_the_rooms_are_drawn_as_the_code_imports_them() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    drawn = drawing(imports())
    if os.environ.get(_WRITE):
        ARCHITECTURE.write_text(_with(text, drawn), encoding="utf-8")

    assert _with(text, drawn) == ARCHITECTURE.read_text(encoding="utf-8"), f"set {_WRITE}=1"


def imports() -> Mapping[str, set[str]]:
    """Return which rooms each room imports."""
    graph = grimp.build_graph("kled", "flows", "tasks", "deployments")
    edges: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            room, other = _room(module), _room(imported)
            if room and other and room != other:
                edges[room].add(other)
    return edges


def drawing(edges: Mapping[str, set[str]]) -> str:
    """Return the rooms as mermaid: only edges that no longer way shows already."""
    lines = [
        f"    {room} --> {other}"
        for room in ROOMS
        for other in sorted(edges[room])
        if other not in _reached(edges, edges[room] - {other})
    ]
    return "flowchart LR\n" + "\n".join(lines) + "\n"


def _reached(edges: Mapping[str, set[str]], rooms: set[str]) -> set[str]:
    reached: set[str] = set()
    waiting = set(rooms)
    while waiting:
        room = waiting.pop()
        reached.add(room)
        waiting |= edges[room] - reached
    return reached


def _room(module: str) -> str | None:
    return next((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), None)


def _with(text: str, drawn: str) -> str:
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{drawn}{_END}{after}"


def test_a_way_that_is_drawn_over_others_is_left_out() -> None:
    edges = {room: set[str]() for room in ROOMS}
    edges["flows"] = {"tasks", "kled.operations"}
    edges["tasks"] = {"kled.operations"}

    assert drawing(edges).splitlines() == [
        "flowchart LR",
        "    flows --> tasks",
        "    tasks --> kled.operations",
    ]
