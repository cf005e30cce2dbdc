"""What a command line names is named again in what it tells people to type.

Somebody who typed `--state=A` where the shell names B, and then typed what kled said next, deleted,
restored or edited in B. Each command of each operation's ways back, hints and next lines is tried.
"""

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import click
import pytest

import flows
import kled
import tasks
from kled import config
from kled.cli import app
from kled.cli.terminal import streams, typed_places
from kled.cli.terminal.output import Column, show, show_value
from kled.commands import TAKES, Places, about, completed
from kled.operations.runner import Report, Row
from kled.operations.step import Operation
from tests.unit.cli.test_every_option import COMMANDS
from tests.unit.operations.test_every_operation import CHANGING, STORES

HERE: Final = Places("s3://typed", "s3://kept")
_COMMAND: Final = re.compile(
    rf"(?<![\w/.-])kled ({'|'.join(sorted(TAKES, key=len, reverse=True))})(?![\w-]|\.\w)"
)


@pytest.fixture(autouse=True)
def nothing_typed() -> Iterator[None]:
    typed_places.forget()
    yield
    typed_places.forget()


def unnamed(text: str, places: Places = HERE) -> list[str]:
    """Return the commands in `text` that lack one of `places` which they take."""
    starts = [found.start() for found in _COMMAND.finditer(text)]
    ends = [*starts[1:], len(text)][: len(starts)]
    commands = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [
        one
        for one in commands
        for option, _ in places.named()
        if option in TAKES[_COMMAND.match(one)[1]]  # type: ignore[index]  # it begins with it
        and f" {option}=" not in one
        and "--deployment=" not in one
    ]


def test_a_command_without_its_place_is_noticed() -> None:
    assert unnamed("kled plan --name=c; kled kops install") == ["kled plan --name=c; "]


@pytest.mark.parametrize("operation", [*(one for one, _ in CHANGING), *STORES])
def test_each_way_back_names_what_was_typed(
    operation: Operation, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = tuple(
        Row(one.name, "done", 0, 1, one.way_back, one.way_back) for one in operation.steps()
    )
    typed_places.remember(HERE)

    show_value(Report(operation.name, operation.cluster, rows).as_json(), "json")
    show([row.as_json() for row in rows], [Column("WORDS", "words")], "table")
    streams.err().say(*(row.way_back for row in rows))

    said = capfd.readouterr()
    assert unnamed(said.out) == unnamed(said.err) == []
    json.loads(said.out[: said.out.index("\n}\n") + 3])


@cache
def sentences() -> Mapping[str, str]:
    """Return each text of the product that holds a command, values as X, by where it stands."""
    packages = (Path(str(package.__file__)).parent for package in (kled, flows, tasks))
    return {
        f"{path.relative_to(package.parent)}:{line}": text
        for package in packages
        for path in sorted(package.rglob("*.py"))
        for line, text in _said(path.read_text())
    }


def _said(source: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module with commands: no documentation, and no part of another text."""
    nodes = list(ast.walk(ast.parse(source))) if "kled " in source else []
    apart = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            apart.update(map(id, node.values))
    for node in nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in apart:
            text = _text(node)
            if _COMMAND.search(text):
                yield node.lineno, text


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(
                str(one.value) if isinstance(one, ast.Constant) else "X" for one in values
            )
        case _:
            return ""


def test_each_command_in_each_sentence_of_the_product_is_completed() -> None:
    assert len(sentences()) > 100
    left = {where: unnamed(completed(text, HERE)) for where, text in sentences().items()}

    assert {where: commands for where, commands in left.items() if commands} == {}


BARE: Final = {
    "kops create-cluster": "the person knows the options",
    "kops create-instance-group": "the person knows the options",
    "kops edit-instance-group": "what refused the file",
    "sandbox stop": "the directory is appended",
    "kops create-secret": "the kind is appended",
}
"""Parts of sentences to which the rest is added, or that are no whole command on purpose."""


def lacking(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command in `text` with an option without which it ends with exit 2."""
    starts = list(_COMMAND.finditer(text))
    for at, found in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        rest = re.split(r"[;)`]", text[found.end() : end])[0]
        if rest.startswith(" X") or (not rest.strip() and found[1] in BARE):
            continue  # options that are made elsewhere
        given = {one.partition("=")[0].rstrip(",.") for one in rest.split()}
        for option in _needed(COMMANDS[f"kled {found[1]}"], given):
            if not given & set(option.opts):
                yield found[0] + rest, option.opts[-1]


def _needed(command: click.Command, given: set[str]) -> Iterator[click.Option]:
    """Yield the options that a command needs with those that are given."""
    for option in command.params:
        if isinstance(option, click.Option):
            changes = option.name == "name" and "--yes" in given and "--all" not in given
            if option.required or changes:
                yield option


def test_each_command_has_the_options_without_which_it_is_refused() -> None:
    # fault 18, another member: hints named commands that end with exit 2 as they stand
    found = {  # what kops ends with is told with the cluster of its call
        where: [*lacking(about(text, "c") if where.startswith("kled/kops/") else text)]
        for where, text in sentences().items()
    }

    assert {where: commands for where, commands in found.items() if commands} == {}


def unsaid(text: str) -> Iterator[str]:
    """Yield each command in `text` that is about one cluster, and does not say which."""
    of_one = set(completed_names())
    starts = list(_COMMAND.finditer(text))
    for at, found in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        rest = re.split(r"[;)`]", text[found.end() : end])[0]
        if found[1] in of_one and not rest.startswith(" X") and "--name" not in rest:
            yield f"{found[0]}{rest}"


def completed_names() -> Iterator[str]:
    """Yield the commands to which `about` gives a name."""
    yield from (command for command in TAKES if about(f"kled {command}", "c").endswith("--name=c"))


def test_each_command_about_one_cluster_says_which() -> None:
    """Where a state store has two, it ends with exit 2 as it stands."""
    assert len(list(completed_names())) > 20
    left = {
        where: list(unsaid(about(text, "c") if where.startswith("kled/kops/") else text))
        for where, text in sentences().items()
        if not where.startswith(("kled/cli/", "flows/"))  # examples, and runs over all clusters
    }

    told = {where: commands for where, commands in left.items() if commands}
    assert [*told.values()] == [["kled kops create-secret"], ["kled kops create-instance-group"]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shell that names a state store and a snapshot store, both there and empty."""
    for name in [name for name in os.environ if name.startswith(("KLED_", "KOPS_", "XDG_"))]:
        monkeypatch.delenv(name)
    for name in ("a c", "b", "kept", "kept b"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KOPS_STATE_STORE", f"file://{tmp_path}/b")
    monkeypatch.setenv("KLED_SNAPSHOT_STORE", f"file://{tmp_path}/kept")
    return tmp_path


def said(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    assert app.run(["snapshot", "show", "--name=c.example.com", "--snapshot=latest", *words]) != 0
    return capfd.readouterr().err


def test_a_hint_names_the_typed_stores_where_the_shell_names_others(
    shell: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    state, kept = f"--state='file://{shell}/a c'", f"--snapshot-store='file://{shell}/kept b'"

    told = said(capfd, f"--state=file://{shell}/a c", f"--snapshot-store=file://{shell}/kept b")

    assert f"kled snapshot create --all {state} {kept}" in told


def test_what_the_shell_leads_to_by_itself_is_not_said_again(
    shell: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = said(capfd, f"--state=file://{shell}/b/", f"--snapshot-store=file://{shell}/kept")

    assert "kled snapshot create --all\n" in told


def test_one_command_line_says_nothing_of_the_one_before(
    shell: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said(capfd, f"--state=file://{shell}/a c")

    assert "kled snapshot create --all\n" in said(capfd)


def test_a_settings_file_that_was_typed_is_named(
    shell: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = shell / "other.toml"
    file.write_text(f'default-state-store = "file://{shell}/a c"\n')

    assert f"kled snapshot create --all --config={file}\n" in said(capfd, f"--config={file}")


def test_a_snapshot_store_of_the_typed_state_stores_profile_is_not_said(shell: Path) -> None:
    file = shell / "k.toml"
    file.write_text(f'[state-stores."s3://a"]\nsnapshot-store = "file://{shell}/kept b"\n')
    env = {"HOME": str(shell), "KLED_CONFIG": str(file), "KOPS_STATE_STORE": "s3://b"}

    found = typed_places.places_beyond(
        env, state="s3://a", config_file=None, snapshots=f"file://{shell}/kept b"
    )

    assert found == Places("s3://a")


def test_where_nothing_else_is_named_the_typed_store_is(shell: Path) -> None:
    found = typed_places.places_beyond(
        {"HOME": str(shell)}, state="s3://a", config_file=None, snapshots=None
    )

    assert found == Places("s3://a")


@pytest.mark.parametrize("managed", [True, False])
def test_kops_itself_is_named_with_its_path_and_store_where_a_shell_knows_neither(
    tmp_path: Path, *, managed: bool
) -> None:
    program = tmp_path / "bin" / "kops"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "kled.toml").write_text('default-state-store = "s3://stored"\n')
    env = {"HOME": str(tmp_path), "KLED_CONFIG": str(tmp_path / "kled.toml")}
    shell = {"KLED_KOPS": str(program), "PATH": "/nowhere"}
    if not managed:
        shell = {"PATH": str(program.parent), "KOPS_STATE_STORE": "s3://stored/"}

    found = typed_places.with_kops(Places(), config.load(env | shell))

    assert found == (
        Places(state_of_kops="s3://stored", kops=str(program)) if managed else Places()
    )


def test_a_state_store_is_not_typed_for_a_run_on_a_worker_which_has_its_own(
    shell: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It was dropped in silence: the run acted on the worker's."""
    words = ("delete-cluster", "name=c.example.com", "--yes", "--deployment=production")

    assert app.run(["run", *words, f"--state=file://{shell}/a c"]) == 2
    assert "--state: means nothing with --deployment" in capfd.readouterr().err
