"""The lines of every recording of kops, sent to the simulated one too (fault 78).

Each is answered word for word, declared to differ with a reason, or not sent with a reason; the
table in docs/sandbox.md says which. `KLED_TEST_WRITE_TABLE=1` writes it anew.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.sandbox import comparison
from tests.sandbox.classes import ALONE, CREATED, DECLARED, ELSEWHERE, NOT_PLAYED, UPDATED
from tests.sandbox.done import Done
from tests.sandbox.recordings import recording
from tests.sandbox.worlds import worlds

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"
BEGIN, END = "<!-- recordings: begin -->\n", "<!-- recordings: end -->\n"
WORLDS = worlds(ALONE, CREATED, UPDATED)
PLAYED = sorted(
    {each for world in WORLDS.values() for row in world.sequences for each in row
     if isinstance(each, str)}
)  # fmt: skip
OTHERWISE = {name: reason for reason, names in DECLARED.items() for name in names}


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """Play every world once; a recording that stands in two answers for its last."""
    found: dict[str, Done] = {}
    for name, world in WORLDS.items():
        found.update(comparison.answers(world, tmp_path_factory.mktemp(name)))
    return found


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning")  # the APIs outlive their calls
@pytest.mark.parametrize("name", PLAYED)
def test_a_recorded_line_is_answered_as_recorded_or_as_declared(
    answered: dict[str, Done], name: str
) -> None:
    found = comparison.differences(answered[name], name)

    assert (found != []) == (name in OTHERWISE), found[:10]


def not_played(name: str) -> Iterator[tuple[str, str]]:
    """Yield where else a recording belongs: a test's file, or a reason."""
    for where, patterns in (*ELSEWHERE.items(), *NOT_PLAYED.items()):
        if any(fnmatch(name, pattern) for pattern in patterns):
            yield ("tests" if where in ELSEWHERE else "not sent", where)


@pytest.mark.parametrize("name", comparison.all_recordings())
def test_every_recording_has_one_place(name: str) -> None:
    places = [*not_played(name), *([("played", "")] if name in PLAYED else [])]

    assert len(places) == 1, f"{name} has {places}: tests/sandbox/classes.py gives it one place"


@pytest.mark.parametrize("where", ELSEWHERE)
def test_what_is_held_elsewhere_is_named_there(where: str) -> None:
    text = Path(__file__).with_name(where).read_text()
    globs = re.findall(r'glob\("(.+?)"\)', text)
    held = [name for name in comparison.all_recordings() if ("tests", where) in not_played(name)]

    assert held
    assert [
        name for name in held if name not in text and not any(fnmatch(name, glob) for glob in globs)
    ] == []


def table() -> str:
    """Return the part of docs/sandbox.md that tells what was compared."""
    rows: Counter[tuple[str, str]] = Counter()
    for name in comparison.all_recordings():
        kind = "identical" if name in PLAYED else next(not_played(name))[0]
        rows[verb(name), "declared" if name in OTHERWISE else kind] += 1
    total: Counter[str] = Counter()
    for (_, kind), number in rows.items():
        total[kind] += number
    told = (
        f"{sum(total.values())} lines were recorded with kops 1.36.2. {len(PLAYED)} of them are"
        f" sent to the simulated one: {total['identical']} are answered word for word,"
        f" {total['declared']} differ as declared. {total['tests']} more stand in tests that"
        " arrange what they need."
    )
    return "\n".join([told, "", *_by_command(rows), "", *_by_reason(), ""])


def _by_command(rows: Counter[tuple[str, str]]) -> Iterator[str]:
    kinds = ("identical", "declared", "tests", "not sent")
    yield "| Command | identical | differs as declared | tests of its own | not sent |"
    yield "| --- | --- | --- | --- | --- |"
    for spoken in sorted({spoken for spoken, _ in rows}):
        yield f"| `{spoken}` | {' | '.join(str(rows[spoken, kind] or '') for kind in kinds)} |"


def _by_reason() -> Iterator[str]:
    held = {f"tests/sandbox/{where}": names for where, names in ELSEWHERE.items()}
    yield "| Why | Recordings |"
    yield "| --- | --- |"
    for head, reasons in (("differs", DECLARED), ("not sent", NOT_PLAYED), ("held by", held)):
        for reason, names in reasons.items():
            yield f"| {head}: {reason} | {' '.join(f'`{name}`' for name in names)} |"


def verb(name: str) -> str:
    """Return a recording's command: `get clusters`, or `kops` where there is none."""
    words = recording(name).cmd.partition("kops ")[2].split()
    spoken = [word for word in words[:2] if word.replace("-", "").isalpha() and word[0] != "-"]
    return " ".join(spoken) or "kops"


def test_the_table_in_the_docs_is_fresh() -> None:
    before, _, rest = DOCS.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    fresh = f"{before}{BEGIN}{table()}{END}{after}"
    if os.environ.get("KLED_TEST_WRITE_TABLE"):
        DOCS.write_text(fresh)

    assert DOCS.read_text() == fresh, "write it anew: KLED_TEST_WRITE_TABLE=1"
