"""`kled sandbox start|env|status|stop|break`."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show, show_value


def _dir(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--dir",
        "directory",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        help="The sandbox's directory.",
    )(command)


@leaf(
    "start",
    examples=("kled sandbox start --dir=/tmp/box", 'eval "$(kled sandbox env --dir=/tmp/box)"'),
)
@_dir
@click.option(
    "--speed",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="How much faster than real time the simulated cloud runs.",
)
def start(call: Call, directory: Path, speed: float) -> None:
    """Make a sandbox: a simulated kops, cloud and state store. Starting it twice is fine."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    control.start(directory.absolute(), speed=speed)
    call.say(f"sandbox ready (a simulation: no real cloud) in {directory.absolute()}")
    call.say(f'next: eval "$(kled sandbox env --dir={shlex.quote(str(directory))})"')


@leaf("env", examples=('eval "$(kled sandbox env --dir=/tmp/box)"',))
@_dir
def env(call: Call, directory: Path) -> None:
    """Print export lines; with them every command works against the sandbox."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    variables, unset = control.environment(directory.absolute())
    if call.settings.output != "table":
        show_value({"set": variables, "unset": sorted(unset)}, call.settings.output)
        return
    for name in sorted(unset):
        click.echo(f"unset {name}")
    for name, value in sorted(variables.items()):
        click.echo(f"export {name}={shlex.quote(value)}")


@leaf("status", examples=("kled sandbox status --dir=/tmp/box",))
@_dir
def status(call: Call, directory: Path) -> None:
    """Show the sandbox's clusters, instances and faults."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    found = control.status(directory.absolute())
    if call.settings.output == "table":
        rows = [{"what": key, "value": value} for key, value in found.items()]
        show(rows, (Column("WHAT", "what"), Column("VALUE", "value")), "table")
    else:
        show_value(found, call.settings.output)


@leaf("stop", examples=("kled sandbox stop --dir=/tmp/box",))
@_dir
def stop(call: Call, directory: Path) -> None:
    """End what runs in the sandbox and remove its directory."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    control.stop(directory.absolute())
    call.say(f"sandbox {directory} is gone")


@leaf(
    "break",
    examples=(
        "kled sandbox break --dir=/tmp/box throttled --calls=3",
        "kled sandbox break --dir=/tmp/box hang",
        "kled sandbox break --dir=/tmp/box --clear",
    ),
)
@_dir
@click.argument("fault", required=False)
@click.option("--calls", type=click.IntRange(min=1), help="For how many kops calls.")
@click.option("--write", type=click.IntRange(min=1), help="die-after: after which write.")
@click.option("--region", help="region-down: which region.")
@click.option("--clear", is_flag=True, help="Mend everything.")
def break_(
    call: Call,
    directory: Path,
    fault: str | None,
    *,
    clear: bool,
    **options: Any,  # noqa: ANN401 - the fault's own options
) -> None:
    """Break the sandbox on purpose, to see what kled makes of it."""
    from kled.sandbox import faults  # noqa: PLC0415 - not for --help

    if clear:
        faults.clear(directory.absolute())
        call.say("mended")
    if fault is not None:
        given = {key: value for key, value in options.items() if value is not None}
        faults.inject(directory.absolute(), fault, **given)
        call.say(f"broken: {fault}")


sandbox = click.Group(
    "sandbox",
    help="A simulated kops, cloud and state store to try things in. Nothing here is real.",
    commands=[start, env, status, stop, break_],
)
