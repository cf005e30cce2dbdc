"""A definition that is edited as text, in an editor or a file: clusters and groups alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from kled.cli.frame.command import Call
from kled.cli.terminal import editor
from kled.errors import InvalidInput
from kled.operations.cluster.edited_text import require_newest
from kled.operations.instance_group.edited_group import Document, changes, parse, to_yaml
from kled.sentences import options
from kled.visible import visible

_HEADER: Final = """\
# {what}.
# Lines that start with # are ignored. Save without a change to change nothing.
"""
FILE = click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Store this file's text instead of opening an editor.",
)


def from_file(file: Path, stored: Document) -> str:
    """Return the text of `file`; raise `InvalidInput` unless it holds the stored object.

    Raises `ClusterDiffers` where it would undo what somebody changed after it was exported.
    """
    text = editor.read(file)
    edited = parse(text, stored)
    if edited is None:
        raise InvalidInput("--file", f"{file} is empty, or holds comments alone")
    if changes(stored, edited):
        require_newest(edited, stored)
    return text


def in_editor(
    call: Call, stored: Document, store: Callable[[str], None], *, command: str, **named: str
) -> None:
    """Let a person edit the `stored` object, and pass a changed text to `store`.

    The text is kept until it is stored; `kled kops COMMAND` with the options `named` goes on with
    it. Raises `InvalidInput` for a text that is not such an object.
    """
    given = _HEADER.format(what=_called(named)) + to_yaml(stored)
    path = editor.write(call.settings.home, ".".join(named.values()), given)
    with editor.keep_until_stored(call, path, given, f"kled kops {command} {options(**named)}"):
        text = editor.edit(path, call.settings.environment)
        edited = parse(text, stored)
        if edited is None or not changes(stored, edited):
            call.say("nothing was changed")
            return
        store(text)


def _called(named: dict[str, str]) -> str:
    cluster = f"cluster {visible(named['name'])}"
    group = named.get("instance_group")
    return f"Instance group {visible(group)} of {cluster}" if group else cluster.capitalize()
