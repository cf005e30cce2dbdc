"""Opens a text in an editor, in a file that is kept until the text is stored."""

import contextlib
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kled import process
from kled.cli.terminal import streams
from kled.errors import DiskUnusable, KledError, SettingsError
from kled.files import private
from kled.files.given import given_text
from kled.sentences import options

if TYPE_CHECKING:
    from kled.cli.frame.command import Call

DEFAULT_EDITOR: Final = "vi"


def write(home: Path, stem: str, text: str) -> Path:
    """Write `text` to a new file `<home>/edits/<stem>.*.yaml`, readable by its owner alone.

    A definition may hold user data of machines, so it never goes to a shared directory: where the
    home directory is not writable, as for a user id without one, it goes to a private temporary
    directory. Raises `DiskUnusable`.
    """
    directory = _directory(home)
    return private.fresh_file(directory, f"{stem}.", ".yaml", text)


def _directory(home: Path) -> Path:
    directory = home / "edits"
    try:
        private.make_directory(directory)
    except DiskUnusable as error:
        if not isinstance(error.__cause__, PermissionError):
            raise
        return Path(tempfile.mkdtemp(prefix="kled-edits-"))
    return directory


def read(path: Path) -> str:
    """Return the file's text; raise `SettingsError` for a file that cannot be read."""
    return given_text(path)


def edit(path: Path, environment: Mapping[str, str]) -> str:
    """Open `path` in $VISUAL, $EDITOR or vi, wait, and return its text.

    Raises `SettingsError` where there is no terminal and no editor is named, and `KledError` where
    the editor ends with a status other than 0.
    """
    chosen = environment.get("VISUAL") or environment.get("EDITOR")
    if not chosen and not streams.has_input():
        raise SettingsError(
            "there is no terminal to edit on, and neither VISUAL nor EDITOR is set",
            hint="name an editor, say what to change with --set and --unset, or pass --file",
        )
    argv = _words(chosen or DEFAULT_EDITOR)
    status = process.interactive([*argv, str(path)], env=environment)
    if status:
        raise KledError(f"the editor {argv[0]} ended with status {status}; nothing was stored")
    return read(path)


@contextlib.contextmanager
def keep_until_stored(call: "Call", path: Path, before: str, resume: str) -> Iterator[None]:
    """Remove `path` after the block; where the block fails, say where it is and how to resume.

    This is written to stderr before the error's own message, whatever ended the block: an error,
    Ctrl-C or a signal. A text equal to `before`, as the editor was given it, is removed. After a
    SIGKILL the file remains, too.
    """
    try:
        yield
    except BaseException:
        if _is(path, before):
            path.unlink(missing_ok=True)
            raise
        call.say(
            f"your edit is kept in {path}; go on with:",
            f"  {resume} {options(file=path)}",
        )
        raise
    path.unlink(missing_ok=True)


def _is(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _words(editor: str) -> list[str]:
    try:
        argv = shlex.split(editor)
    except ValueError as error:
        raise SettingsError(f"cannot read the editor {editor!r}: {error}") from error
    if not argv:
        raise SettingsError("EDITOR is blank", hint="unset it, or name an editor")
    return argv
