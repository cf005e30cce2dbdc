"""Fault 102: whatever is typed, set or configured, kled ends in words and with a known exit code.

Lines are drawn from a seed over all commands and options, and run in this process: a hook keeps
every write inside of the test's own directory. `KLED_TEST_LINES` asks for another number of lines,
`KLED_TEST_SEED` for others.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import pytest
from pydantic import BaseModel

from kled import config
from kled.cli import app
from kled.errors import InvalidInput
from tests.unit.cli.odd_words import ODD, PARAMETERS, SETTINGS
from tests.unit.cli.test_every_option import COMMANDS
from tests.unit.test_visible import is_obeyed

EXIT_CODES: Final = {0, 1, 2, 3, 4, 5, 6, 130, 143}
"""Design D14; 5 and 143 need others."""
LEFT_OUT: Final = {"kled demo", "kled run", "kled deploy", "kled undeploy"}
"""They start a Prefect server, or ask one; their words are tried below."""
_REMOVES: Final = {
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "shutil.rmtree",
}
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
DEVICES: Final = {"/dev/null", "/dev/tty", "/dev/full"}
_allowed: list[Path] = []
_outside: list[str] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    """Refuse, and remember, every write outside of the allowed directories."""
    if not _allowed or not _writes(event, args):
        return
    place = Path(os.path.abspath(os.fsdecode(args[0])))  # noqa: PTH100 - links stay as they are
    if str(place) not in DEVICES and not any(place.is_relative_to(one) for one in _allowed):
        _outside.append(f"{event} {str(place)[:200]}")
        raise PermissionError(13, "a test keeps to its own directory", str(place))


def _writes(event: str, args: tuple[Any, ...]) -> bool:
    """Say whether it writes by a path; below a descriptor, its directory was looked at before."""
    if args and not isinstance(args[0], str | bytes | os.PathLike):
        return False
    if event == "open":
        return args[2] is not None and bool(args[2] & _WRITING)
    return event in _REMOVES and args[-1] in {-1, None}


@pytest.fixture(scope="module", autouse=True)
def hooked() -> None:
    sys.addaudithook(_hook)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home, stores and a kops that fails, in a directory that nothing leaves."""
    for name in ("home", "state", "snapshots", "tmp", "cwd", "bin"):
        (tmp_path / name).mkdir()
    kops = tmp_path / "bin" / "kops"
    kops.write_text("#!/bin/sh\nprintf 'Error: \\033]0;x\\007 no\\n' >&2\nexit 1\n")
    kops.chmod(0o755)
    for name in list(os.environ):
        if not name.startswith(("PYTEST_", "COVERAGE_", "PYTHON", "KLED_TEST_")):
            monkeypatch.delenv(name)
    settings = {
        "HOME": "home",
        "TMPDIR": "tmp",
        "KLED_KOPS": "bin/kops",
        "KLED_HOME": "home/kled",
    }
    for name, place in settings.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("KOPS_STATE_STORE", f"file://{tmp_path}/state")
    monkeypatch.setenv("KLED_SNAPSHOT_STORE", f"file://{tmp_path}/snapshots")
    monkeypatch.setenv("KLED_KOPS_MIRROR", "ftp://no-mirror")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "cwd")
    _outside.clear()
    _allowed.append(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python's own, of what is new to it
    yield tmp_path
    _allowed.clear()


def line(chance: random.Random) -> list[str]:
    """Return one command line: a command with some of its options, most values odd."""
    path = chance.choice(sorted(COMMANDS.keys() - LEFT_OUT))
    command = COMMANDS[path]
    words = path.split()[1:]
    for option in command.params:
        if isinstance(option, click.Argument):
            words += [_word(chance, option) for _ in range(chance.choice((1, 1, 1, 2)))]
        elif chance.random() < (0.8 if option.required or option.name == "name" else 0.25):
            name = chance.choice([*option.opts, *option.secondary_opts])
            words += given(chance, option, name)
    return words + ([chance.choice(ODD)] if chance.random() < 0.05 else [])


def given(chance: random.Random, option: click.Parameter, name: str) -> list[str]:
    if getattr(option, "is_flag", False):
        return [name]
    value = _word(chance, option)
    return [f"{name}={value}"] if name.startswith("--") and chance.random() < 0.9 else [name, value]


def _word(chance: random.Random, option: click.Parameter) -> str:
    if isinstance(option.type, click.Choice) and chance.random() < 0.8:
        return str(chance.choice(list(option.type.choices)))
    if option.name == "name" and chance.random() < 0.5:
        return "c.example.com"
    return chance.choice(ODD)


def end_of(
    words: list[str], capsys: pytest.CaptureFixture[str], *, within: float = 10
) -> tuple[int, str, str]:
    """Run a line; return its exit code and what it wrote, with what holds for every line."""
    begun = time.monotonic()
    code = app.run(words)
    told = capsys.readouterr()
    shown = f"{[word[:80] for word in words]}\n{told.err[-3000:]}"
    assert code in EXIT_CODES, shown
    assert "Traceback" not in told.err, shown
    assert "this is a bug" not in told.err, shown
    # what a shell evaluates names the directory of a sandbox as it is
    out = "" if words[:2] == ["sandbox", "env"] and code == 0 else told.out
    assert not any(is_obeyed(one) for one in (told.err + out).replace("\n", "")), shown
    assert [one for one in _outside if not _named(one.partition(" ")[2], words)] == [], shown
    _outside.clear()
    assert time.monotonic() - begun < within, shown
    return code, told.out, told.err


def _named(place: str, words: list[str]) -> bool:
    """Say whether a line itself names the place, one below it or beside a file to be written."""
    there = Path(place)
    for word in words:
        given = Path(os.path.abspath(word.partition("=")[2] or word))  # noqa: PTH100
        beside = there.parent == given.parent and there.name.startswith(f".{given.name}.")
        inside = given.is_relative_to(there) or there.is_relative_to(given)
        if given != Path("/") and (beside or inside):
            return True
    return False


def says_why(err: str) -> bool:
    return any(one.startswith(("kled: ", "Error: ")) for one in err.splitlines())


ROWS: Final = {"kled doctor", "kled recover plan", "kled snapshot verify"}
"""What is wrong stands in their rows."""


def tried(seed: int, lines: int, capsys: pytest.CaptureFixture[str]) -> dict[int, int]:
    """Run lines of one seed; return how many ended with each exit code."""
    chance, codes = random.Random(seed), dict[int, int]()  # noqa: S311 - to be drawn again
    for _ in range(lines):
        words = line(chance)
        code, _out, err = end_of(words, capsys)
        if code and f"kled {' '.join(words[:2])}" not in ROWS and words[0] != "doctor":
            assert says_why(err), (words, err)
        codes[code] = codes.get(code, 0) + 1
    return codes


def test_any_line_ends_in_words(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = tried(int(os.environ.get("KLED_TEST_SEED", "102")), 150, capsys)

    assert codes[2] > 50


@pytest.mark.slow
def test_thousands_of_lines_end_in_words(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("KLED_TEST_SEED", "3"))

    assert tried(seed, int(os.environ.get("KLED_TEST_LINES", "3000")), capsys)


def test_any_settings_file_ends_in_words(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = world / "home" / ".config" / "kled" / "config.toml"
    file.parent.mkdir(parents=True)
    for body in SETTINGS:
        file.write_bytes(body)
        code, _, err = end_of(["snapshot", "list", "--name=c"], capsys)
        assert code in {0, 1, 2}, (body[:80], err)
        assert says_why(err) == bool(code)


def test_any_value_of_a_variable_ends_in_words(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables_tried(8, capsys, monkeypatch)


@pytest.mark.slow
def test_every_value_of_a_variable_ends_in_words(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables_tried(len(ODD), capsys, monkeypatch)


def variables_tried(
    most: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(102)  # noqa: S311 - to be drawn again
    values = [one for one in ODD if len(one) < 100_000 and one != "/dev/tty"]
    for name in sorted(config.VARIABLES):
        before = os.environ.get(name)
        for value in chance.sample(values, min(most, len(values))):
            monkeypatch.setenv(name, value)
            end_of(["snapshot", "list", "--name=c"], capsys)
        if before is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, before)


def models() -> list[type[BaseModel]]:
    from deployments import catalog
    from deployments.loading import load_flow
    from kled.cli.flows.parameters import model_of

    entries = catalog.load(catalog.path())
    return [model_of(load_flow(entry).function) for entry in entries]


def fields(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema()
    shapes = [schema, *schema.get("$defs", {}).values()]
    names = [name for shape in shapes for name in shape.get("properties", {})]
    return [*names, "spec", "spec.labels.a", "keep.last", "spec.", ".", "spec..x"]


def refused(model: type[BaseModel], words: list[str], text: str) -> bool:
    """Say whether words and file are refused; in kled's words, or the test ends here."""
    from kled.cli.flows.parameters import collect, read_file, validate

    try:
        validate(model, collect(model, words, read_file(text)))
    except InvalidInput:
        return True
    return False


def test_any_parameter_of_a_flow_ends_in_words() -> None:
    chance = random.Random(102)  # noqa: S311 - to be drawn again
    for model in models():
        names = fields(model)
        for _ in range(25):
            keys = chance.choices(names, k=chance.randint(1, 3))
            refused(model, [f"{key}={chance.choice(ODD)}" for key in keys], "")
        assert sum(refused(model, [], text) for text in PARAMETERS) > len(PARAMETERS) / 2
    assert refused(model, [], "[" * 100_000)
