"""Commands within sentences and tables are typed, too, as they stand there (fault 27 and its kind).

`test_typed_in_order` types the blocks. A command of a sentence stands for itself: it is run in a
sandbox with one applied cluster that has snapshots, and ends as somebody who reads it expects. A
name alone (`kled kops edit-cluster`) either does something, or says what it needs.
"""

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import click
import pytest

from kled.cli.app import ROOT as KLED
from kled.errors import KledError
from tests.docs import reading
from tests.docs.play import SUBSTITUTIONS
from tests.docs.stage import CLUSTER, Stage, substituted
from tests.docs.test_commands_exist import NO_COMMANDS
from tests.standing.servers import serving

_TYPED: Final = {
    r"\bCLUSTER\b": CLUSTER,
    r"(?<=dir )D\b": "{box}",
    r"(?<==)DIR\b": "{box}",
    r"\bENV\b": "default",
    r"\bSECRET\b": "admin",
    r"\bFLOW\b": "update-cluster",
    r"latest\|X\.Y\.Z": "1.36.2",
}
"""What stands for the reader's own in sentences, before `SUBSTITUTIONS`."""
_MOVED: Final = "tests/sandbox/test_moved_etcd_member.py"
NOT_TYPED: Final = {
    "make ": "targets that build and test; tests/docs/test_commands_exist.py looks for each",
    "kled kops install": "tests/cli/test_install.py has a mirror",
    "kled run FLOW --deployment": "it needs a worker; the last block of docs/flows.md has one",
    "kled completion fish | source": "for fish; tests/cli/test_tab.py types it there",
    "kled run create-cluster": "it makes a whole cluster more; a block of docs/flows.md does",
    "kled kops delete-cluster --name=C --unregister": "others need the cluster: docs/deletion.md",
    "kled snapshot epoch raise --name=C --state=s3://new-store": "a block of docs/recovery.md",
    "prefect deploy": "tests/standing/test_deploying.py types it in a checkout",
    "kled kops edit-cluster --name=C --set='spec.etcdClusters": f"others need it: {_MOVED}",
    "kled kops edit-instance-group --name=C --instance-group=control-plane": f"so in {_MOVED}",
}
"""Beginnings of commands that are not run here, each with the reason; most run elsewhere."""
EXITS: Final = {
    "kled doctor": (1, "no worker polls it"),
    "kled run FLOW": (2, "name: is missing"),
    "kled approve RUN": (1, 'no run "RUN" waits for an approval'),
}
"""Those that do not end with 0, and what they say."""
OTHERS: Final = {"--fast-list": "rclone's", "--target": "kops' own"}
"""Options of other programs that sentences speak of."""
_NEEDS: Final = re.compile(r"is needed|[Mm]issing|Commands:|name a cluster, or take --all")
_LEFT_OUT: Final = "…"


def is_name(text: str) -> bool:
    """Say whether it is a command's path and nothing else."""
    command: click.Command = KLED
    for word in text.split()[1:]:
        if not isinstance(command, click.Group):
            return False
        found = command.get_command(click.Context(command), word)
        if found is None:
            return False
        command = found
    return text.startswith("kled")


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command that some sentence has, with the first place where it stands."""
    seen = set()
    for document in reading.documents():
        for each in reading.inline(document):
            for text in _alternatives(each.text):
                if text not in seen and text not in NO_COMMANDS and _LEFT_OUT not in text:
                    seen.add(text)
                    yield text, f"{document}:{each.line}"


def _alternatives(text: str) -> list[str]:
    """Return the commands that `A|B` stands for; a pipe has blanks around it."""
    found = re.search(r"(?<=[ =])([^ =|]+(?:\|[^ |]+)+)(?= |$)", text)
    if found is None or "|X.Y.Z" in found[1]:
        return [text]
    return [text.replace(found[1], one) for one in found[1].split("|")]


def _is_left(text: str) -> bool:
    return any(f"{text} ".startswith(start) for start in NOT_TYPED)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[Stage]:
    """Yield a sandbox with one cluster, its snapshots and a Prefect server."""
    with ExitStack() as stack:
        place = tmp_path_factory.mktemp("server")
        server = stack.enter_context(serving(Path(sys.executable).parent, place, {}))
        api = server.env["PREFECT_API_URL"]
        directory = tmp_path_factory.mktemp("stage")
        stage = stack.enter_context(Stage(directory, s3_endpoint, lambda: api))
        stage.in_the_sandbox(PREFECT_API_URL=api)
        stage.do(f"kled sandbox start --dir={stage.directory / 'typed-box'}")
        stage.create()
        stage.do("kled deploy")
        stage.values["snapshot"] = stage.latest()
        environments = stage.home / ".config" / "kled" / "environments"
        environments.mkdir(parents=True)
        (environments / "production.yaml").write_text("work-pool: production\n")
        yield stage


@pytest.mark.slow
@pytest.mark.prefect
@pytest.mark.parametrize(
    ("text", "where"), [pytest.param(*one, id=one[0]) for one in commands() if not _is_left(one[0])]
)
def test_a_command_of_a_sentence_works_as_it_stands(text: str, where: str, stage: Stage) -> None:
    command = substituted(substituted(text, stage, _TYPED), stage, SUBSTITUTIONS)

    done = stage.shell.type(command)

    told = f"{where}: {command}\nexit {done.code}\n{done.said}"
    assert "bug in kled" not in done.said, told
    if is_name(text) and done.code == 2:
        assert _NEEDS.search(done.said), told
    else:
        code, words = EXITS.get(text, (0, ""))
        assert (done.code, words in done.said) == (code, True), told


@pytest.mark.parametrize("text", [text for text, _ in commands() if text.startswith("kled ")])
def test_a_command_with_options_has_all_that_it_needs(text: str) -> None:
    command: click.Command = KLED
    context = click.Context(KLED, info_name="kled", **KLED.context_settings)
    words = shlex.split(text)[1:]
    while isinstance(command, click.Group) and words and words != ["--version"]:
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    if words and not {"--help", "--version"}.intersection(words):
        with suppress(KledError, click.UsageError):  # a value that stands for the reader's own
            try:
                command.parse_args(context, words)
            except click.MissingParameter as missing:
                pytest.fail(f"{text}: {missing.format_message()} (or leave it out with `…`)")


@pytest.mark.parametrize("start", NOT_TYPED)
def test_what_is_left_out_is_typed_where_its_reason_says(start: str) -> None:
    """Two of them named tests that held previews alone."""
    (place,) = re.findall(r"[\w/]+\.(?:py|md)", NOT_TYPED[start])

    if place.endswith(".md"):
        parts = start.replace(" FLOW", "").split()
        lines = [line.split() for block in reading.blocks(place) for line in block.lines]
        assert any(
            all(any(word.startswith(part) for word in line) for part in parts) for line in lines
        ), place
    else:
        assert Path(place).is_file()


def test_what_is_left_out_is_there() -> None:
    texts = [text for text, _ in commands()]

    assert [
        start for start in NOT_TYPED if not any(f"{one} ".startswith(start) for one in texts)
    ] == []
    assert [text for text in EXITS if text not in texts] == []


def test_every_option_that_a_sentence_names_is_one() -> None:
    known = {"--help", *OTHERS, *(name for options in _options() for name in options)}
    wrong = [
        f"{document}:{number}: {option}"
        for document in reading.documents()
        for number, option in reading.inline_options(document)
        if option not in known
    ]

    assert wrong == []


def _options(command: click.Command = KLED) -> Iterator[list[str]]:
    for one in command.params:
        yield [*one.opts, *one.secondary_opts]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _options(inner)
