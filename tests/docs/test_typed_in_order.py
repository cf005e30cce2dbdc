"""Somebody who has the documents alone types all of them, in order, in an empty home.

Faults 24, 25 and 27: what recovery says was never run as it stands. Each document is one test; what
surrounds its commands stands in `plays_of_*`.
"""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.docs import (
    plays_of_approvals,
    plays_of_changes,
    plays_of_snapshots,
    plays_of_starts,
    reading,
)
from tests.docs.play import SUBSTITUTIONS, Play, is_begun
from tests.docs.stage import Stage, substituted
from tests.standing.servers import serving

PLAYS = (
    plays_of_starts.PLAYS
    | plays_of_changes.PLAYS
    | plays_of_snapshots.PLAYS
    | plays_of_approvals.PLAYS
)
WITH_COMMANDS = [each for each in reading.documents() if list(reading.blocks(each))]
LEFT_OUT, HELD = 3, 8
"""Commands that no test runs, and that another one does. Before it grows: is there no way here?"""


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Yield what starts a Prefect server when it is first asked for, and returns its address."""
    with ExitStack() as stack:

        @cache
        def start() -> str:
            place = tmp_path_factory.mktemp("server")
            server = stack.enter_context(serving(Path(sys.executable).parent, place, {}))
            return server.env["PREFECT_API_URL"]

        yield start


@pytest.mark.slow
@pytest.mark.prefect
@pytest.mark.parametrize("document", [each for each in WITH_COMMANDS if each in PLAYS])
def test_every_command_works_as_it_stands(
    document: str, tmp_path: Path, s3_endpoint: str, api: Callable[[], str]
) -> None:
    play, stage = PLAYS[document], Stage(tmp_path, s3_endpoint, api)
    absent = [program for program in play.needs if shutil.which(program) is None]
    if absent:
        pytest.skip(f"these are not installed: {', '.join(absent)}")
    with stage:
        play.begins(stage)
        for block in reading.blocks(document):
            for line, step in block.steps():
                if not _named(play.left_out, step) and not _named(play.held, step):
                    _typed(play, stage, f"{document}:{line}", step)
        assert stage.strangers() == []


def _typed(play: Play, stage: Stage, where: str, step: str) -> None:
    for start in _named(play.before, step):
        play.before[start](stage)
    command = substituted(step, stage, SUBSTITUTIONS)
    running = _named(play.run_on, step)
    done = stage.shell.type(command, runs_on=bool(running))
    expected = next((play.exits[start][0] for start in _named(play.exits, step)), 0)
    assert done.code == expected, f"{where}: {command}\nexit {done.code}\n{done.said}"
    stage.remember(done)
    for start in running:
        play.run_on[start](stage, done)
    for start in _named(play.after, step):
        play.after[start](stage, done)


def _named(kind: Iterable[str], step: str) -> list[str]:
    return [start for start in kind if is_begun(step, start)]


def test_every_document_with_commands_has_a_play() -> None:
    assert [each for each in WITH_COMMANDS if each not in PLAYS] == []


@pytest.mark.parametrize("document", sorted(PLAYS))
def test_a_play_names_commands_that_are_there(document: str) -> None:
    steps = [step for block in reading.blocks(document) for _, step in block.steps()]

    assert [
        start
        for start in PLAYS[document].named()
        if not any(is_begun(step, start) for step in steps)
    ] == []
    for _, words in PLAYS[document].exits.values():
        assert words in reading.read(document)
    for start, file in PLAYS[document].held.items():
        text = (reading.ROOT / file).read_text()
        assert Path(document).name in text or all(f'"{word}"' in text for word in start.split()[1:])


def test_what_is_not_run_here_does_not_grow_unnoticed() -> None:
    steps = [
        (play, step)
        for document, play in PLAYS.items()
        for block in reading.blocks(document)
        for _, step in block.steps()
    ]
    left = [step for play, step in steps if _named(play.left_out, step)]
    held = [step for play, step in steps if _named(play.held, step)]

    assert (len(left), len(held)) == (LEFT_OUT, HELD), (left, held)
