"""The words that could follow on a command line: commands, options, values, flows' parameters.

Click resolves the line; `kled.cli.completing.offers` looks up values that click does not know.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem, ShellComplete

from kled.sentences import hyphenated

if TYPE_CHECKING:
    from kled.cli.completing.offers import Line

OPEN: Final = "open"
"""The type of an item without a blank behind it, because more follows: `name=`."""
_FILE: Final = "FILE"
_PATHS: Final = frozenset({"PATH", "PATH=VALUE"})
_WORDS: Final = "[KEY=VALUE]..."


class Completion(ShellComplete):
    """Offers what could replace the last word of the line, including an option before a `=`."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return the items for the unfinished word `incomplete`, after the words `args`."""
        option, equals, _ = incomplete.partition("=")
        before = f"{option}=" if equals and option.startswith("-") and "--" not in args else ""
        items = super().get_completions(list(args), incomplete)
        if incomplete.startswith("-") and not before:
            return [_with_equals(item, self._taking(args)) for item in items]
        return [CompletionItem(f"{before}{item.value}", item.type, item.help) for item in items]

    def _taking(self, args: Sequence[str]) -> frozenset[str]:
        """Return the names of the command's options that take a value."""
        command, names = self.cli, [word for word in args if not word.startswith("-")]
        while isinstance(command, click.Group) and names:
            inner = command.get_command(click.Context(command), names.pop(0))
            if inner is None:
                break
            command = inner
        return frozenset(
            name
            for param in command.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        )


def _with_equals(item: CompletionItem[str], taking: frozenset[str]) -> CompletionItem[str]:
    if item.value in taking and item.value.startswith("--"):
        return CompletionItem(f"{item.value}=", OPEN, item.help)
    return item


def kind_of(param: click.Parameter) -> str:
    """Return the kind of value of a parameter, as help writes it."""
    if param.metavar:
        return param.metavar
    return (param.name or "").upper() if isinstance(param, click.Argument) else "TEXT"


def values(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Return the offers for a parameter that takes any text."""
    import os  # noqa: PLC0415 - the edge: the shell's own variables

    kind = kind_of(param)
    if kind == _FILE:
        return [CompletionItem(incomplete, "file")]
    given = ctx.params
    several = given.get("names") or ()  # where --name is repeatable, the last is meant
    cluster = given.get("name") or next(reversed(several), None)
    line = _line(os.environ, given, ctx.command_path, cluster, given.get("group"))
    if kind == _WORDS and given.get("flow"):
        return list(_flow_words(line, given["flow"], given.get("assignments") or (), incomplete))
    from kled.cli.completing.offers import TypedValue, offers  # noqa: PLC0415

    wanted = TypedValue(kind, str(param.name), param.default, incomplete)
    return [CompletionItem(offer, _type(kind, offer)) for offer in offers(line, wanted)]


def _type(kind: str, offered: str) -> str:
    """Return the type of an offer, which says whether more follows without a blank."""
    leads_on = kind in _PATHS and offered.endswith((".", "="))
    return OPEN if leads_on else "plain"


def _line(
    environment: Mapping[str, str],
    given: Mapping[str, object],
    command: str,
    cluster: object,
    group: object = None,
) -> "Line":
    from kled.cli.completing.offers import Line  # noqa: PLC0415 - not for --help

    named = cluster if isinstance(cluster, str) else None
    return Line(environment, given, named, command, group if isinstance(group, str) else None)


def _flow_words(
    line: "Line", flow: str, typed: Sequence[str], beginning: str
) -> Iterator[CompletionItem[str]]:
    """Yield a flow's parameters, or the values of a parameter whose `=` is typed already."""
    from deployments import catalog  # noqa: PLC0415 - reads YAML
    from deployments.outline import parameters  # noqa: PLC0415
    from kled.cli.flows.help import rows  # noqa: PLC0415

    entries = [entry for entry in catalog.load(catalog.path()) if entry.flow == hyphenated(flow)]
    if not entries:
        return
    entry = entries[0]
    taken = parameters(entry)
    known = {key: (kind, about) for word, about in rows(taken) for key, _, kind in [_parts(word)]}
    key, equals, value = beginning.partition("=")
    given = dict(_parts(word)[::2] for word in typed)
    if not equals:
        for name, (_, about) in known.items():
            if name.startswith(beginning) and name not in given:
                yield CompletionItem(f"{name}=", OPEN, about)
        return
    asked = hyphenated(key)
    kind = known.get(asked, ("", ""))[0]
    default = next((param.default for param in taken if hyphenated(param.name) == asked), None)
    of = _line(line.environment, line.options, entry.flow, given.get("name"))
    for each in _of_kind(of, kind, asked, default, value):
        yield each if isinstance(each, CompletionItem) else CompletionItem(f"{key}={each}")


def _of_kind(
    line: "Line", kind: str, key: str, default: str | None, value: str
) -> Iterator[str | CompletionItem[str]]:
    """Yield the values of a kind; for a list, with the elements before the last comma."""
    from kled.cli.completing.offers import TypedValue, is_offered, offers  # noqa: PLC0415

    if kind == _FILE:
        yield CompletionItem(value, "file")
        return
    many = kind.endswith(",...")
    head, comma, last = value.rpartition(",") if many else ("", "", value)
    kind = kind.removesuffix(",...").strip("[]")
    name = key.replace("-", "_")
    if is_offered(kind):
        wanted = TypedValue(kind, name, (default or "").strip("'\""), last)
        offered = offers(line, wanted)
    else:
        offered = [text for text in kind.split("|") if "|" in kind and text.startswith(last)]
    yield from (f"{head}{comma}{text}" for text in offered)


def _parts(word: str) -> tuple[str, str, str]:
    key, equals, value = word.partition("=")
    return hyphenated(key), equals, value
