"""kops' flag grammar, read from kops' own help pages (help/*.txt), with cobra's traps.

The traps an operator meets, all kept: a boolean never takes the next word (`--yes true` leaves
`true` as an argument), `--admin=2h` needs its `=`, durations need units, a repeated or
comma-separated list adds up.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kled.sandbox.context import KopsFailure
from kled.sandbox.definition.go_quoted import quoted
from kled.sandbox.verbs import csv_values
from kled.sandbox.verbs.durations import parse_duration

HELP = Path(__file__).parent / "help"
_LINE = re.compile(
    r"^\s+(?:-(?P<short>\w), )?--(?P<name>[\w-]+)"
    r"(?: (?P<type>\w+)(?:\[=(?P<bare>[^\]]+)\])?)?\s{2,}(?P<text>.*)$"
)
_DEFAULT = re.compile(r"\(default (?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^)\s]+))\)$")
_INTS = {"int": 64, "int32": 32, "Level": 32}
_LISTS = frozenset({"strings", "stringArray"})
_LAZY = frozenset({"set"})
"""Lists in which a quote may stand anywhere."""
_TARGETS = ("direct", "terraform")


class UsageFailure(KopsFailure):
    """A wrong command line: `Error: …` and then the command's usage text on stderr, status 1."""


@dataclass(frozen=True)
class Flag:
    """One flag: `kind` is the type word of the help page, `bool` where that has none."""

    name: str
    kind: str
    short: str = ""
    bare: str | None = None
    """The value that the flag has when it stands alone (`--admin`)."""
    default: str | None = None

    @property
    def alone(self) -> bool:
        """Whether the flag takes no following word."""
        return self.kind == "bool" or self.bare is not None

    @property
    def shown(self) -> str:
        """The flag as pflag names it in a message, for example `-t, --topology`."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


@dataclass(frozen=True)
class Flags(Mapping[str, Any]):
    """A command's flags by long name: typed values or kops' defaults; `changed` names the typed."""

    entries: dict[str, Any]
    changed: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a flag's value has its flag's type
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def help_text(command: Sequence[str]) -> str:
    """Return kops' help page of a command such as `("get", "clusters")`, `()` for kops itself."""
    return (HELP / ("_".join(("kops", *command)) + ".txt")).read_text(encoding="utf-8")


def usage_text(command: Sequence[str]) -> str:
    """Return what cobra prints after a usage error: the page from `Usage:` on, and a blank line."""
    return "Usage:" + help_text(command).partition("\nUsage:")[2] + "\n"


def grammar(command: Sequence[str], extra: Sequence[Flag] = ()) -> dict[str, Flag]:
    """Return the flags of a command by long name; `extra` are the ones that the help page hides."""
    flags = {flag.name: flag for flag in extra}
    for line in help_text(command).splitlines():
        match = _LINE.match(line)
        if match:
            default = _DEFAULT.search(match["text"])
            flags[match["name"]] = Flag(
                name=match["name"],
                kind=match["type"] or "bool",
                short=match["short"] or "",
                bare=match["bare"],
                default=(default["quoted"] or default["plain"]) if default else None,
            )
    return flags


def parse(argv: Sequence[str], known: Mapping[str, Flag]) -> tuple[Flags, list[str]]:
    """Split a command line into typed flags and positional arguments, as pflag does.

    Raises `UsageFailure`: unknown flag, missing or unreadable value; the message is pflag's.
    """
    flags = Flags({name: _initial(flag) for name, flag in known.items()})
    args: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            args += rest
            break
        if word.startswith("--"):
            _take_long(word[2:], rest, known, flags)
        elif word.startswith("-") and word != "-":
            _take_short(word[1:], rest, known, flags)
        else:
            args.append(word)
    return flags, args


def positional_index(argv: Sequence[str], known: Mapping[str, Flag]) -> int | None:
    """Return the index of the first word that is no flag and no flag's value, None for none."""
    shorts = {flag.short: flag for flag in known.values() if flag.short}
    skip = False
    for index, word in enumerate(argv):
        if skip:
            skip = False
        elif word.startswith("-") and word != "-":
            flag = known.get(word[2:]) if word.startswith("--") else shorts.get(word[1:])
            skip = flag is not None and not flag.alone
        else:
            return index
    return None


def _initial(flag: Flag) -> Any:  # noqa: ANN401 - see Flags
    if flag.default is not None:
        if flag.kind in _LISTS:
            return [item for item in flag.default.strip("[]").split(",") if item]
        return _typed(flag, flag.default)
    if flag.bare is not None:
        return None
    return {"bool": False, "duration": 0.0}.get(
        flag.kind, [] if flag.kind in _LISTS else 0 if flag.kind in _INTS else ""
    )


def _take_long(word: str, rest: list[str], known: Mapping[str, Flag], flags: Flags) -> None:
    name, equals, value = word.partition("=")
    flag = known.get(name)
    if flag is None:
        raise UsageFailure(f"unknown flag: --{name}")
    if not equals:
        value = _following(flag, rest, f"--{name}")
    _store(flag, value, flags)


def _take_short(word: str, rest: list[str], known: Mapping[str, Flag], flags: Flags) -> None:
    shorts = {flag.short: flag for flag in known.values() if flag.short}
    letters = word
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = shorts.get(letter)
        if flag is None:
            raise UsageFailure(f"unknown shorthand flag: {letter!r} in -{word}")
        if letters.startswith("="):
            value, letters = letters[1:], ""
        elif not flag.alone and letters:
            value, letters = letters, ""
        else:
            value = _following(flag, rest, f"{letter!r} in -{word}")
        _store(flag, value, flags)


def _following(flag: Flag, rest: list[str], shown: str) -> str:
    if flag.alone:
        return flag.bare or "true"
    if not rest:
        raise UsageFailure(f"flag needs an argument: {shown}")
    return rest.pop(0)


def _store(flag: Flag, text: str, flags: Flags) -> None:
    try:
        value = _typed(flag, text)
    except ValueError as error:
        told = f'invalid argument {quoted(text)} for "{flag.shown}" flag: {error}'
        raise UsageFailure(told) from error
    if flag.kind in _LISTS and flag.name in flags.changed:
        value = flags[flag.name] + value
    flags.entries[flag.name] = value
    flags.changed.add(flag.name)


def _typed(flag: Flag, text: str) -> Any:  # noqa: ANN401 - see Flags
    if flag.kind == "bool":
        return _boolean(text)
    if flag.kind in _INTS:
        return _integer(text, _INTS[flag.kind])
    if flag.kind == "duration":
        return parse_duration(text)
    if flag.kind == "strings":
        return _values(flag, text)
    if flag.kind == "stringArray":
        return [text]
    if flag.kind == "target" and text not in _TARGETS:
        raise ValueError(f'invalid target: "{text}"')
    return text


def _values(flag: Flag, text: str) -> list[str]:
    lazy = flag.name in _LAZY
    try:
        return csv_values.values(text, lazy=lazy)
    except ValueError as error:
        raise ValueError(f"stringSliceValue {quoted(text)}: {error}" if lazy else error) from error


def _boolean(text: str) -> bool:
    if text in {"1", "t", "T", "true", "TRUE", "True"}:
        return True
    if text in {"0", "f", "F", "false", "FALSE", "False"}:
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _integer(text: str, bits: int) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number
