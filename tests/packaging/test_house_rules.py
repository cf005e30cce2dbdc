"""What the tools do not check of the source: that they see all of it, and how long things are."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BUILT: Final = {"build", "dist", "htmlcov"}
LINES_OF_A_FILE: Final = 400
LINES_OF_A_FUNCTION: Final = 40
"""Of its body, without the docstring, which tells a caller more the longer it is."""
NAMELESS: Final = frozenset({"one", "found", "words", "there"})
CEILINGS: Final = {
    "kled/api": 0,
    "kled/cli": 0,
    "kled/files": 0,
    "kled/install": 0,
    "kled/kops": 0,
    "kled/kubernetes": 0,
    "kled/lease": 0,
    "kled/models": 0,
    "kled/operations": 2,
    "kled/recovery": 0,
    "kled/redact": 0,
    "kled/sandbox": 0,
    "kled/snapshot": 0,
    "kled/storage": 0,
    "kled/yaml_text": 0,
    "flows": 0,
    "tasks": 0,
    "deployments": 0,
    "examples": 0,
}
"""How many values of each room are called so."""
SHARED: Final = frozenset({"Candidate", "Change", "Listed", "Row", "Target"})
"""Names that stand for several types; none is to be added."""


def rooms() -> list[Path]:
    """Return the directories of the checkout that hold Python."""
    places = (one for one in ROOT.iterdir() if one.is_dir() and one.name not in BUILT)
    return sorted(one for one in places if one.name[0] != "." and any(one.rglob("*.py")))


def sources() -> Iterator[Path]:
    for room in rooms():
        yield from sorted(room.rglob("*.py"))


def test_all_python_is_type_checked() -> None:
    """Fault 39: a benchmark called what had another name, tests passed what nobody takes."""
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]

    assert {room.name for room in rooms()} <= set(mypy["packages"])
    assert not list(ROOT.glob("*.py"))
    assert not mypy.get("exclude")
    assert not [
        one for one in mypy["overrides"] if "ignore_errors" in one or "follow_imports" in one
    ]


def test_no_file_outgrows_its_ceiling() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources()}

    assert {
        path.relative_to(ROOT).as_posix(): length
        for path, length in lengths.items()
        if length > LINES_OF_A_FILE
    } == {}


def test_no_function_outgrows_its_ceiling() -> None:
    assert {
        f"{path.relative_to(ROOT).as_posix()}: {function.name}": length
        for path in sources()
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := lines_of(function)) > LINES_OF_A_FUNCTION
    } == {}


def test_no_room_outgrows_its_ceiling_of_values_without_a_name() -> None:
    """A value is called after what it is. The ceilings may only be lowered."""
    counts = {
        place: sum(nameless(path) for path in sorted((ROOT / place).rglob("*.py")))
        for place in CEILINGS
    }

    assert {place: count for place, count in counts.items() if count > CEILINGS[place]} == {}


def nameless(path: Path) -> int:
    """Count the variables and parameters of a module that are called as anything may be."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    stored = (node.id for node in nodes if isinstance(node, ast.Name) and is_stored(node))
    taken = (node.arg for node in nodes if isinstance(node, ast.arg))
    return sum(name in NAMELESS for name in (*stored, *taken))


def is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def test_an_error_is_changed_by_its_methods_alone() -> None:
    """`error.hint = ...` and `type(error)(...)` break on the first class with other arguments."""
    assert [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for room in ("kled", "flows", "tasks", "deployments")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path != ROOT / "kled" / "errors" / "base.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.stmt) and is_edit_of_an_error(node)
    ] == []


def is_edit_of_an_error(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Attribute) and one.attr == "hint" for one in node.targets)
    return isinstance(node, ast.Raise) and "type(error)(" in ast.unparse(node)


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_two_types_share_a_name() -> None:
    """Whoever reads a name in one room knows what it is in all."""
    rooms_of: dict[str, set[str]] = {}
    for room in ("kled", "tasks", "flows", "deployments"):
        for path in (ROOT / room).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith("kled/sandbox/"):  # it stands apart, and simulates the same
                for statement in ast.parse(path.read_text()).body:
                    if isinstance(statement, ast.ClassDef) and statement.name[0] != "_":
                        rooms_of.setdefault(statement.name, set()).add(place)

    shared = {name: places for name, places in rooms_of.items() if len(places) > 1}
    assert set(shared) <= SHARED, shared
