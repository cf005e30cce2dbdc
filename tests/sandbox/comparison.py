"""The lines of all recordings, sent to the simulated kops: what it answers, by recording.

A recording is played in a world that is arranged as the recorder's was: alone in it, or in a
sequence where one follows from the other. Sequences begin anew from the world's first state.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kled.sandbox import control, faults
from tests.sandbox.desk import Desk
from tests.sandbox.done import Done
from tests.sandbox.recorded import BASE_URL, CAPTURES, OPERATOR, PUBLIC_KEY
from tests.sandbox.recordings import Recording, compared, recording

_ASSETS = re.compile(r"http://127\.0\.0\.1:\d+/kops/1\.36\.2")
_REQUEST = re.compile(r"RequestID: [\w-]+")
_IMAGES = (
    "hvm-ssd/ubuntu-xenial-16.04-amd64-server-20170721",
    "hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260218",
)
"""Of the channel of some recorders, and of the one that is built in (docs/sandbox.md)."""
_PLACES = re.compile(r"/home/operator(?:/fs8)?(?=/[\w-]+\.k8s\.local)")
_KEY_ID, _DAY = re.compile(r"\b77\d{26}\b"), re.compile(r"\b20\d\d-\d\d-\d\d\b")
Act = Callable[[Desk], object]
Sequence = tuple[str | Act, ...]
"""Recordings to play, and what is done between them."""


@dataclass(frozen=True)
class World:
    """How a sandbox is arranged, and what is played in it."""

    name: str
    arrange: Callable[[Desk], None]
    sequences: tuple[Sequence, ...]
    spoken: Callable[[Desk, str], str] = lambda _, command: command
    """Changes a recorded command, where it names what only the recorder had."""


def all_recordings() -> list[str]:
    """Return the names of all recordings, sorted."""
    return sorted(path.name for path in CAPTURES.iterdir() if (path / "cmd").exists())


def real(name: str) -> Recording:
    """Return a recording, the recorder's places spelled as ours."""
    found = recording(name)
    out, err = (
        _ASSETS.sub(BASE_URL, _PLACES.sub("STORE", text)).replace(*_IMAGES)
        for text in (found.stdout, found.stderr)
    )
    return replace(found, stdout=out, stderr=err)


def play(desk: Desk, name: str, command: str | None = None) -> Done:
    """Run a recorded command at a desk; what it printed has the recorder's places."""
    words = shlex.split(recording(name).cmd if command is None else command)
    env, stdin = {"KOPS_BASE_URL": BASE_URL, "TMPDIR": str(desk.directory)}, ""
    words = words[1:] if words[0] == "env" else words
    while words[0] != "kops":
        word = words.pop(0)
        if word == "-u":
            desk.env.pop(words.pop(0), None)
        elif word.startswith("<"):
            stdin = Path(_here(desk, word[1:])).read_text()
        else:
            variable, _, value = word.partition("=")
            env[variable] = _here(desk, value)
    done = desk.run(*(_here(desk, word) for word in words[1:]), stdin=stdin, env=env)
    return Done(done.returncode, _there(desk, done.stdout), _there(desk, done.stderr))


def differences(done: Done, name: str) -> list[str]:
    """Return the lines that differ between a call and its recording.

    Ids of keys tell when they were made, and so do the days that stand beside them.
    """
    theirs, ours = real(name), done
    if "keypair" in recording(name).cmd:
        theirs = replace(theirs, stdout=_timeless(theirs.stdout), stderr=_timeless(theirs.stderr))
        ours = replace(ours, stdout=_timeless(ours.stdout), stderr=_timeless(ours.stderr))
    theirs = replace(theirs, stderr=_REQUEST.sub("RequestID: ID", theirs.stderr))
    ours = replace(ours, stderr=_REQUEST.sub("RequestID: ID", ours.stderr))
    return compared(theirs, ours)


def _timeless(text: str) -> str:
    return _DAY.sub("DAY", _KEY_ID.sub("KEY-ID", text))


def _here(desk: Desk, word: str) -> str:
    return word.replace(OPERATOR, str(desk.directory / "home"))


def _there(desk: Desk, text: str) -> str:
    text = text.replace(str(desk.state), "STORE").replace(str(desk.directory / "home"), OPERATOR)
    return text.replace(" (simulated)\n", "\n")


def answers(world: World, directory: Path) -> Iterator[tuple[str, Done]]:
    """Play a world's sequences, each from the state that `arrange` leaves."""
    desk = Desk(directory / "box")
    (desk.directory / "home" / ".ssh" / "id_ed25519.pub").write_text(PUBLIC_KEY)
    (desk.directory / "home" / "key.pub").write_text(PUBLIC_KEY)
    world.arrange(desk)
    env = dict(desk.env)
    shutil.copytree(desk.directory, directory / "kept")
    try:
        for sequence in world.sequences:
            yield from _played(desk, world, sequence)
            desk.env = dict(env)
            faults.clear(desk.directory)
            _restore(desk.directory, directory / "kept")
    finally:
        control.stop(desk.directory)  # the Kubernetes APIs outlive the calls that start them


def _played(desk: Desk, world: World, sequence: Sequence) -> Iterator[tuple[str, Done]]:
    for each in sequence:
        if isinstance(each, str):
            yield each, play(desk, each, world.spoken(desk, recording(each).cmd))
        else:
            each(desk)


def _restore(box: Path, kept: Path) -> None:
    for part in ("state", "cloud", "home", "apis"):
        shutil.rmtree(box / part, ignore_errors=True)
        if (kept / part).exists():
            shutil.copytree(kept / part, box / part)
