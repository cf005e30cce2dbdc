"""Command groups that import a command when it is called, and not to show help."""

import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import click


class LazyGroup(click.Group):
    """A group that knows each command's one-line help beforehand, and where its module is.

    `lazy` maps a command's name to its help. Its module is at `path` below `kled.cli`, where `{}`
    is the name with underscores, unless `elsewhere` says otherwise; the module's attribute has the
    same name, with a trailing underscore where Python reserves it.
    """

    def __init__(
        self,
        name: str,
        *,
        path: str,
        lazy: Mapping[str, str],
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        groups: Sequence[click.Group] = (),
        **attributes: Any,  # noqa: ANN401 - handed to click unread
    ) -> None:
        super().__init__(name, **attributes)
        self._lazy = dict(lazy)
        self._path = path
        self._elsewhere = dict(elsewhere)
        for group in groups:
            self.add_command(group)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted({*self._lazy, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        attribute = cmd_name.replace("-", "_")
        place = self._elsewhere.get(cmd_name, self._path.format(attribute))
        module = importlib.import_module(f"kled.cli.{place}")
        command = getattr(module, f"{attribute}_", None) or getattr(module, attribute)
        return cast("click.Command", command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve as click does, and suggest the nearest name for an unknown one."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            import difflib  # noqa: PLC0415 - only where a name is wrong

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their help without importing them."""
        rows = [(name, self._help(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _help(self, ctx: click.Context, name: str) -> str:
        if name in self._lazy:
            return self._lazy[name]
        command = super().get_command(ctx, name)
        return command.get_short_help_str(limit=90) if command else ""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete command names without importing their modules."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - completion alone

        return [
            CompletionItem(name, help=self._help(ctx, name))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ] + (click.Command.shell_complete(self, ctx, incomplete) if incomplete[:1] == "-" else [])
