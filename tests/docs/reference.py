"""The pages of docs/reference, each written from what the code itself has of its subject."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import click

from deployments import catalog
from deployments.commands import COMMANDS as COMMANDS_OF_FLOWS
from deployments.environment import KEYS as ENVIRONMENT_KEYS
from deployments.outline import described, parameters
from kled import config, errors, rules, store_profiles, targets
from kled.cli.app import ROOT as KLED
from kled.cli.flows.help import rows
from kled.cli.frame.signals import CODES as CODES_OF_SIGNALS

_MEANINGS: Final = {
    0: "done; of a preview: it was made",
    1: "failed",
    2: "what was typed, or a setting, cannot be used: nothing was begun",
    3: "not ready yet, or changes are pending",
    4: "the snapshot is not trustworthy",
    5: "another writer holds the cluster",
    6: "denied, or not approved",
    130: "interrupted (Ctrl-C)",
    143: "terminated (TERM, HUP)",
}
_EVERYWHERE: Final = frozenset({"state", "output", "verbose", "config"})
"""Options of all commands, told once."""
_OPTIONS: Final = "[OPTIONS]"
_TABLES: Final = {
    "The settings file": config.FILE_KEYS,
    "A table of state-stores": store_profiles.STATE_STORE_KEYS,
    "A table of snapshot-stores": store_profiles.SNAPSHOT_STORE_KEYS,
    "Its table keep": store_profiles.KEEP_KEYS,
    "A table of maintenance-windows": rules.WINDOW_KEYS,
    "The table approval": rules.APPROVAL_KEYS,
    "The table notifications": rules.NOTIFICATION_KEYS,
    "The table health": targets.TARGET_KEYS,
    "The file of an environment": ENVIRONMENT_KEYS,
}
_ORDER: Final = """\
Options win over variables, and variables over the settings file, which is
`~/.config/kled/config.toml` unless `--config` or `KLED_CONFIG` names another;
`configure-state-store` writes it. An unknown `KLED_*` variable or key is refused.

The state store is the first of `--state`, `KLED_STATE_STORE`, `KOPS_STATE_STORE` and the file's
`default-state-store`; the snapshot store the first of `--snapshot-store`, `KLED_SNAPSHOT_STORE` and
the `snapshot-store` of that state store's table.
"""
_WRITTEN: Final = (
    "This page is written from the code: `KLED_TEST_WRITE_REFERENCE=1 pytest"
    " tests/docs/test_reference_written.py`.\n"
)


def pages() -> Mapping[str, str]:
    """Return the text of each page by its file's name."""
    return {
        "commands.md": _page("Commands", _commands()),
        "settings.md": _page("Settings", _settings()),
        "flows.md": _page("Parameters of flows", _flows()),
        "exit-codes.md": _page("Exit codes", _exit_codes()),
    }


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n".join([f"# {title}\n", _WRITTEN, *parts])


def _table(heads: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *cells]
    return "".join(f"| {' | '.join(_escaped(cell) for cell in line)} |\n" for line in lines)


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")


def _keys(described_keys: Mapping[str, str]) -> str:
    return _table(
        ("key", "what it sets"), ((f"`{key}`", about) for key, about in described_keys.items())
    )


def _commands() -> Iterator[str]:
    found = list(_leaves(click.Context(KLED, info_name="kled", **KLED.context_settings)))
    yield _table(
        ("command", "what it does"),
        (
            (f"[{context.command_path}](#{_anchor(context)})", _short(context.command))
            for context in found
        ),
    )
    yield "Every command takes these options, too:\n"
    yield _options(found[0], lambda option: option.name in _EVERYWHERE)
    for context in found:
        yield from _command(context)


def _leaves(context: click.Context) -> Iterator[click.Context]:
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from _leaves(inner)
        else:
            yield inner


def _anchor(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _short(command: click.Command) -> str:
    return command.get_short_help_str(limit=200)


def _command(context: click.Context) -> Iterator[str]:
    command, path = context.command, context.command_path
    yield f"## {path}\n"
    yield _prose(command.help or "")
    arguments = [piece for piece in command.collect_usage_pieces(context) if piece != _OPTIONS]
    yield _block(" ".join([path, *arguments, _OPTIONS]))
    own = _options(context, lambda option: option.name not in _EVERYWHERE)
    if own:
        yield own
    yield _block(*(line.strip() for line in (command.epilog or "").splitlines()[2:]))


def _options(context: click.Context, wanted: Callable[[click.Option], bool]) -> str:
    records = [
        option.get_help_record(context)
        for option in context.command.params
        if isinstance(option, click.Option) and wanted(option)
    ]
    cells = [(f"`{record[0]}`", record[1]) for record in records if record is not None]
    return _table(("option", "what it means"), cells) if cells else ""


def _settings() -> Iterator[str]:
    yield _ORDER
    yield "## Variables\n"
    yield _table(
        ("variable", "what it sets"),
        ((f"`{name}`", about) for name, about in config.VARIABLES.items()),
    )
    for title, keys in _TABLES.items():
        yield f"## {title}\n"
        yield _keys(keys)


def _flows() -> Iterator[str]:
    entries = list(catalog.load(catalog.path()))
    yield _table(
        ("flow", "as a command"),
        ((f"[{one.flow}](#{one.flow})", COMMANDS_OF_FLOWS[one.flow]) for one in entries),
    )
    for entry in entries:
        yield f"## {entry.flow}\n"
        yield _prose(described(entry))
        cells = [(f"`{key}`", about) for key, about in rows(parameters(entry))]
        yield _table(("parameter", "what it means"), cells)


def _exit_codes() -> Iterator[str]:
    assert {*_MEANINGS} == {0, *(kind.exit_code for kind in _kinds()), *CODES_OF_SIGNALS.values()}
    yield _table(("code", "what it says"), ((str(code), _MEANINGS[code]) for code in _MEANINGS))
    yield "An error is tried again by itself only where its class is *retryable*.\n"
    yield _table(
        ("error", "code", "retryable", "what it says"),
        (
            (
                kind.__name__,
                str(kind.exit_code),
                "yes" if kind.retryable else "",
                (inspect.getdoc(kind) or "").partition("\n")[0],
            )
            for kind in _kinds()
        ),
    )


def _kinds() -> list[type[errors.KledError]]:
    """Return the errors in the order in which the tree of `kled.errors` names them."""
    drawn = re.findall(r"\w+", errors.__doc__ or "")
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KledError)
    ]
    return sorted(kinds, key=lambda kind: drawn.index(kind.__name__))


def _prose(docstring: str) -> str:
    return inspect.cleandoc(docstring) + "\n"


def _block(*lines: str) -> str:
    return "".join(f"{line}\n" for line in ("```text", *lines, "```"))
