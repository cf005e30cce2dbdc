"""`kops edit` without a person: kops opens its editor, and the editor is a script of ours.

Kops checks what comes back from an editor more sharply than what `kops replace` reads: fields that
it does not know are refused (cmd/kops/edit_instancegroup.go, pkg/edit/edit.go), while `replace`
drops them without a word (capture 38l). Whatever version of kops runs, it knows its own fields.

A text that is refused is opened once more, with the reasons as comments above it; the script keeps
that copy, and hands over the same text again, which ends the call: `Edit cancelled: no valid
changes were saved.` (capture 30g).
"""

from pathlib import Path
from typing import Final

from kled.errors import DefinitionRejected, KopsError
from kled.files import private
from kled.kops import command
from kled.kops.call import EDITOR_SCRIPT, KopsCalls

_SCRIPT_TEXT: Final = """\
here=$(dirname "$0")
cp "$1" "$here/opened" && cat "$here/edited" > "$1"
"""
_PRELUDE: Final = 4
"""Comment lines that kops writes above every text (editHeader.writeTo in cmd/kops)."""
_UNKNOWN: Final = "Found fields that are not recognized"


def leave(calls: KopsCalls, text: str, argv: command.Argv) -> None:
    """Run a `kops edit` whose editor leaves `text`.

    Raises `DefinitionRejected` with kops' reasons, for example the fields that it does not know;
    nothing is stored then.
    """
    script, edited, opened = (calls.scratch / name for name in (EDITOR_SCRIPT, "edited", "opened"))
    private.fill(script, _SCRIPT_TEXT.encode())
    private.fill(edited, text.encode())
    try:
        calls.change(argv)
    except KopsError as error:
        raise _with_reasons(error, opened) from error
    finally:
        for file in (script, edited, opened):
            file.unlink(missing_ok=True)


def reasons(opened: str) -> tuple[str, ...]:
    """Return why kops opened a text again: the comments above it, without the fixed ones.

    Of unknown fields, which kops shows as a text difference, only the lines that it would drop.
    """
    comments: list[str] = []
    for line in opened.split("\n"):
        if not line.startswith("#"):
            break
        comments.append(line[1:].removeprefix(" "))
    told = [line for line in comments[_PRELUDE:] if line.strip()]
    if _UNKNOWN not in told:
        return tuple(told)
    at = told.index(_UNKNOWN)
    dropped = [line[1:].strip() for line in told[at + 1 :] if line.startswith("+")]
    return (*told[:at], f"kops does not know {', '.join(dropped) or 'some of its fields'}")


def _with_reasons(error: KopsError, opened: Path) -> KopsError:
    told = reasons(opened.read_text(encoding="utf-8")) if opened.exists() else ()
    if not told:
        return error
    return DefinitionRejected(
        "; ".join(told),
        hint="nothing was stored; field names are those of `kops get all -o yaml`",
        command=error.command,
        stderr=error.stderr,
    )
