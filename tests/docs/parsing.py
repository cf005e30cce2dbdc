"""Whether a command of the documents is one: it is there, with the options that it is given."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Final

import click

from deployments import catalog
from deployments.outline import parameters
from kled.cli.app import ROOT as KLED
from kled.models.spec import ClusterSpec
from tests.docs.reading import ROOT

_ENDS: Final = frozenset({"|", "||", "&", "&&", ";", "(", ")", "<", ">", ">>"})
_SUBSTITUTED: Final = re.compile(r"\$\(([^()]*)\)")
_HELP: Final = frozenset({"--help", "-h"})
_LEFT_OUT: Final = "…"
_EITHER: Final = "\x1f"
"""Stands for the `|` between two names: shlex would split there as bash does."""
_PLACEHOLDER: Final = re.compile(r"[A-Z][A-Z-]*")
_TARGET: Final = re.compile(r"^([a-z-]+):", re.MULTILINE)


def problems(text: str, *, sentence: bool = False) -> Iterator[str]:
    """Yield what is wrong with the commands of some shell; within a sentence one may be cut short.

    There `A|B` stands for either, `…` for what is left out, and a command alone for its name.
    """
    for inner in _SUBSTITUTED.findall(text):
        yield from problems(inner, sentence=sentence)
    either = re.sub(r"(?<=\S)\|(?=\S)", _EITHER, text) if sentence else text
    for words in _commands(either):
        for each in _alternatives(words):
            match each[0]:
                case "kled":
                    yield from _of_kled([word for word in each[1:] if _is_plain(word)], text)
                case "make":
                    yield from _of_make(each[1:])
                case _:
                    continue


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each simple command; what bash alone can split is no command of kled's."""
    lexer = shlex.shlex(text.replace("\n", ";"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for token in [*lexer, ";"]:
            if token not in _ENDS:
                words.append(token)
            elif words:
                yield words
                words = []
    except ValueError:  # a loop, a quote within a substitution: it is run, not parsed
        return


def _is_plain(word: str) -> bool:
    """Say whether a word is what kled gets: bash fills variables in, people what is left out."""
    return _LEFT_OUT not in word and "$" not in word


def _alternatives(words: list[str]) -> Iterator[list[str]]:
    split = next((n for n, word in enumerate(words) if _EITHER in word), None)
    if split is None:
        yield words
        return
    head, _, values = words[split].rpartition("=")
    for value in values.split(_EITHER):
        word = f"{head}={value}" if head else value
        yield from _alternatives([*words[:split], word, *words[split + 1 :]])


def _of_kled(words: list[str], text: str) -> Iterator[str]:
    command: click.Command = KLED
    context = click.Context(KLED, info_name="kled", **KLED.context_settings)
    words = [] if words == ["--version"] else words
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        if found is None:
            yield f"{context.command_path} has no {words[0]!r}"
            return
        context = click.Context(found, parent=context, info_name=words[0])
        command, words = found, words[1:]
    words = [word for word in words if word not in _HELP]
    if not words:
        return  # its name
    try:
        command.parse_args(context, list(words))
    except click.MissingParameter:
        pass  # a sentence names the options that it is about; what is typed is run besides
    except click.ClickException as error:
        if not _is_of_a_file(error):
            yield f"{error.format_message()} ({text.strip()})"
        return
    if context.command_path == "kled run":
        yield from _of_flow(words)


def _is_of_a_file(error: click.ClickException) -> bool:
    """Say whether it is only that an example's file is not here."""
    return isinstance(error, click.BadParameter) and isinstance(
        getattr(error.param, "type", None), click.Path | click.File
    )


def _of_flow(words: list[str]) -> Iterator[str]:
    flow, *given = [word for word in words if not word.startswith("-")] or [""]
    if not flow or _PLACEHOLDER.fullmatch(flow):  # a sentence leaves it out with `…`
        return
    known = _parameters().get(flow)
    if known is None:
        yield f"there is no flow {flow!r}"
        return
    for word in given:
        key = word.partition("=")[0].replace("-", "_").removeprefix("spec.")
        if key not in known:
            yield f"the flow {flow} has no parameter {key!r}"


@cache
def _parameters() -> dict[str, frozenset[str]]:
    """Return the parameters of each flow; fields of a spec are given bare."""
    return {
        entry.flow: frozenset(one.name for one in parameters(entry))
        | (frozenset(ClusterSpec.model_fields) if entry.flow == "create-cluster" else frozenset())
        for entry in catalog.load(catalog.path())
    }


def _of_make(words: list[str]) -> Iterator[str]:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    for word in words:
        if "=" not in word and word not in targets:
            yield f"there is no target {word!r} in the Makefile"
