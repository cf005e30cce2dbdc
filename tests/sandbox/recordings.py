"""The recordings of real kops that the simulation is compared with."""

import contextlib
import difflib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.done import Done
from tests.sandbox.normalise import normalise

CAPTURES = Path(__file__).parents[1] / "captures" / "kops" / "1.36.2"
_ANY_ORDER = re.compile(r"-ID\b|/ID\b|\t(?:ok|still has dependencies, will retry)$|^\t\S+:")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Recording:
    """One call of kops as it was recorded."""

    cmd: str
    stdout: str
    stderr: str
    returncode: int


def recording(name: str) -> Recording:
    """Read a recording."""
    place = CAPTURES / name
    return Recording(
        cmd=(place / "cmd").read_text().strip(),
        stdout=(place / "stdout").read_text(),
        stderr=(place / "stderr").read_text(),
        returncode=int((place / "rc").read_text()),
    )


def differences(done: Done, name: str) -> list[str]:
    """Return the lines that differ between a call and its recording, as a diff shows them.

    Where kops' own order is random or follows ids (parallel tasks, rows of a table, lists of JSON
    objects), it does not count.
    """
    return compared(recording(name), done)


def compared(real: Recording, done: Done) -> list[str]:
    """Return the lines that differ between a recording and a call, as `differences` does."""
    pairs = (
        (f"rc {real.returncode}", f"rc {done.returncode}"),
        (_content(real.stdout), _content(done.stdout)),
        (_sorted(normalise(real.stderr)), _sorted(normalise(done.stderr))),
    )
    return [
        line
        for theirs, ours in pairs
        for line in difflib.ndiff(theirs.splitlines(), ours.splitlines())
        if not line.startswith(("  ", "? "))
    ]


def _content(text: str) -> str:
    text = normalise(text)
    if text.startswith(("{", "[")):
        with contextlib.suppress(json.JSONDecodeError):  # a progress that begins as JSON does
            return json.dumps([_unordered(document) for document in _documents(text)], indent=1)
    runs = itertools.groupby(text.splitlines(), key=lambda line: bool(_ANY_ORDER.search(line)))
    return "\n".join(
        line for unordered, run in runs for line in (sorted(run) if unordered else run)
    )


def _documents(text: str) -> Iterator[object]:
    while text:
        document, end = _DECODER.raw_decode(text)
        yield document
        text = text[end:].lstrip()


def _sorted(text: str) -> str:
    return "\n".join(sorted(text.splitlines()))


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((_unordered(item) for item in value), key=json.dumps)
    return value
