"""Bash, zsh and fish: the functions that they call on Tab, and kled's answer to each.

A function passes the line up to the cursor, and gets one line for each candidate: its type, its
text and its description, with tabs between. Bash inserts a text as it is, so it is quoted here; zsh
and fish quote themselves. A text that no line can carry is left out, since anybody may choose a
name.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from click.shell_completion import CompletionItem, split_arg_string

from kled.visible import visible

SHELLS: Final = ("bash", "zsh", "fish")
_PLAIN: Final = re.compile(r"[\w./:=@%+,-]")
_QUOTES: Final = frozenset("\"'")
_END: Final = "\x00"
"""Added to the line, so that its last word exists even where it is empty."""


class UnfinishedLine(NamedTuple):
    """A line that is being typed."""

    complete: list[str]
    """The finished words, after the program's own name."""
    last: str
    """The word at the cursor, without its quotes."""
    raw: str
    """The same word as it is typed."""


def split_typed(line: str) -> UnfinishedLine:
    """Return the words of a line as a shell splits it, without expanding anything."""
    _, *complete = split_arg_string(f"{line}{_END}") or [_END]
    last = complete.pop() if complete else _END
    return UnfinishedLine(complete, last.replace(_END, ""), line[_start_of_last(line) :])


def format_answer(shell: str, line: str, breaks: str, items: Iterable[CompletionItem[str]]) -> str:
    """Return the lines of the answer; `breaks` are the characters at which bash splits words."""
    last = split_typed(line)
    rows = []
    for item in items:
        about = " ".join((item.help or "").split())
        text = item.value
        if item.type in {"plain", "open"} and text != visible(text):
            continue
        if shell == "bash" and item.type in {"plain", "open"}:
            rest = _for_bash(last, breaks, text)
            if rest is None:
                continue
            text = rest
        rows.append(f"{item.type}\t{text}\t{visible(about)}\n")
    return "".join(rows)


def _for_bash(last: UnfinishedLine, breaks: str, text: str) -> str | None:
    """Return what bash inserts for the part of a word that it completes; None: it cannot."""
    raw = last.raw
    quotes = [place for place, sign in enumerate(raw) if sign in _QUOTES]
    if "\\" in raw or len(quotes) > 1:
        return None
    if quotes:  # an open quote: what follows it is completed, and bash closes it
        rest = text[quotes[0] :]
        return rest if text.startswith(raw[: quotes[0]]) and _is_plain(rest) else None
    start = max((raw.rfind(sign) for sign in breaks), default=-1) + 1
    return _quoted(text[start:]) if text.startswith(raw[:start]) else None


def _is_plain(text: str) -> bool:
    return all(map(_PLAIN.fullmatch, text))


def _quoted(text: str) -> str:
    """Return the text quoted so that bash takes it literally."""
    return "".join(letter if _PLAIN.fullmatch(letter) else f"\\{letter}" for letter in text)


def _start_of_last(line: str) -> int:
    start, quote, place = 0, "", 0
    while place < len(line):
        letter = line[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter == "\\":
            place += 1
        elif letter.isspace():
            start = place + 1
        place += 1
    return start


def script(shell: str) -> str:
    """Return the script that makes a shell complete kled's words."""
    return _SCRIPTS[shell]


_BASH: Final = """\
_kled_completion() {
    local kind value about program=${1/#\\~/$HOME}
    type -P -- "$program" >/dev/null || program=kled
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value about; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            open) COMPREPLY+=("$value"); compopt -o nospace ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(_KLED_COMPLETE=bash_complete COMP_LINE=${COMP_LINE:0:COMP_POINT} \\
        COMP_WORDBREAKS=$COMP_WORDBREAKS "$program" </dev/null 2>/dev/null)
}
complete -o nosort -F _kled_completion kled
"""

_ZSH: Final = """\
#compdef kled
_kled_completion() {
    local kind value about program=${~words[1]}
    local -a plain shown open keys
    whence -p -- $program >/dev/null || program=kled
    while IFS=$'\\t' read -r kind value about; do
        case $kind in
            plain) plain+=("$value"); shown+=("$value${about:+  -- $about}") ;;
            open) open+=("$value"); keys+=("$value${about:+  -- $about}") ;;
            file) compset -P '*='; _files ;;
            dir) compset -P '*='; _files -/ ;;
        esac
    done < <(_KLED_COMPLETE=zsh_complete COMP_LINE="${(j: :)words[1,CURRENT-1]} $PREFIX" \\
        $program </dev/null 2>/dev/null)
    (( $#plain )) && compadd -V kled -l -d shown -a -- plain
    (( $#open )) && compadd -V kled -S '' -l -d keys -a -- open
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _kled_completion "$@"
else
    compdef _kled_completion kled
fi
"""

_FISH: Final = """\
function _kled_completion
    set -l program (commandline -cpo)[1]
    command -q -- $program; or set program kled
    set -l before (string match -r -- '^.*=' (commandline -ct))
    for line in (env _KLED_COMPLETE=fish_complete COMP_LINE=(commandline -cp | string collect) \\
            $program </dev/null 2>/dev/null)
        set -l item (string split -m 2 \\t -- $line)
        switch $item[1]
            case file dir
                set -l rest (string replace -r -- '^.*=' '' (commandline -ct))
                for path in (if test $item[1] = dir
                        __fish_complete_directories "$rest" ''
                    else
                        __fish_complete_path "$rest"
                    end)
                    echo -- "$before$path"
                end
            case plain open
                printf '%s\\t%s\\n' $item[2] "$item[3]"
        end
    end
end
complete -c kled -f -a '(_kled_completion)'
"""

_SCRIPTS: Final[Mapping[str, str]] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
