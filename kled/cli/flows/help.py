"""`kled run FLOW --help`: a flow's parameters, laid out like a command's options."""

import ast
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from deployments import catalog
from deployments.commands import COMMANDS
from deployments.outline import Parameter, described, parameters
from kled.cli.frame.parameters import Leaf
from kled.sentences import hyphenated

YES: Final = "yes"
_SPEC: Final = "ClusterSpec"
_METAVARS: Final = {
    "ClusterName": "CLUSTER",
    "Digest": "HEX",
    "Duration": "DURATION",
    "GroupName": "GROUP",
    "GroupOrMachine": "GROUP|INSTANCE",
    "Kept": "N",
    "Machines": "N",
    "Path": "FILE",
    "Restorable": "ID",
    "SnapshotName": "ID",
    "StoreUrl": "URL",
    "bool": "true|false",
}


class FlowCommand(Leaf):
    """A command whose help is that of the flow named beside `--help`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, but find the flow first, since `--help` acts before that."""
        if any(name in args for name in ctx.help_option_names):
            typed, *_ = self.make_parser(ctx).parse_args(list(args))
            flow = typed.get("flow")
            ctx.meta[__name__] = flow if isinstance(flow, str) else None
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flow's help, or this command's own where no flow is named."""
        flow = ctx.meta.get(__name__)
        if not flow:
            super().format_help(ctx, formatter)
            return
        entry = catalog.find(catalog.load(catalog.path()), flow)
        about = described(entry)
        formatter.write_usage(f"{ctx.command_path} {entry.flow}", "[KEY=VALUE]... [OPTIONS]")
        formatter.write_paragraph()
        with formatter.indentation():
            for paragraph in about.split("\n\n"):
                formatter.write_text(" ".join(paragraph.split()))
                formatter.write_paragraph()
            formatter.write_text(f"As a command: {COMMANDS[entry.flow]}")
        with formatter.section("Parameters"):
            formatter.write_dl(list(rows(parameters(entry))))
        self.format_options(ctx, formatter)


def rows(taken: Sequence[Parameter]) -> Iterator[tuple[str, str]]:
    """Yield `key=METAVAR` and its description for each parameter, and for each field of a spec."""
    for parameter in taken:
        if parameter.type == _SPEC:
            yield from _fields()
        elif parameter.name != YES:  # an option of its own
            yield (
                f"{hyphenated(parameter.name)}={metavar(parameter.type)}",
                parameter.description + _remark(parameter),
            )


def metavar(annotation: str) -> str:
    """Return how the values of a parameter of that type look."""
    inner = annotation.removesuffix(" | None")
    many = inner.startswith("tuple[")
    inner = inner.removeprefix("tuple[").removesuffix(", ...]") if many else inner
    if inner.startswith("Literal["):
        shown = "|".join(str(literal) for literal in _literals(inner))
    else:
        shown = _METAVARS.get(inner, "TEXT")
    return f"{shown},..." if many else shown


def _literals(annotation: str) -> tuple[Any, ...]:
    literals = ast.literal_eval(annotation.removeprefix("Literal[").removesuffix("]"))
    return literals if isinstance(literals, tuple) else (literals,)


def _remark(parameter: Parameter) -> str:
    if parameter.required:
        return " [required]"
    value = ast.literal_eval(parameter.default or "None")
    return f" [default: {value}]" if value not in (None, (), False, "") else ""


def _fields() -> Iterator[tuple[str, str]]:
    """Yield the fields of a wanted cluster, as the options of the command have them."""
    from kled.cli.frame.spec_options import options  # noqa: PLC0415 - imports pydantic

    for option, required in options():
        record = option.get_help_record(click.Context(click.Command("run")))
        if record is not None:
            key, _, values = record[0].partition(" ")
            value = values or "true|false"
            remark = " [required]" if required else ""
            yield f"{key.removeprefix('--')}={value}", record[1] + remark
