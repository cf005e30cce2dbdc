"""`kled sandbox start|env|status|stop|break`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kled import sentences
from kled.cli.frame import interruption, parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal import streams
from kled.cli.terminal.output import Column, show, show_value
from kled.config import REFUSED_SANDBOX
from kled.errors import InvalidInput, KledError
from kled.sentences import options, word
from kled.visible import visible

if TYPE_CHECKING:
    from kled.sandbox.control import Sandbox


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
    apart=True,
    again=(interruption.REST,),
)
@_dir
@click.option(
    "--speed",
    type=parameters.FACTOR,
    default=60.0,
    show_default=True,
    help="How much faster than real time the simulated cloud runs.",
)
def start(call: Call, directory: Path, speed: float) -> None:
    """Make a sandbox: a simulated kops, cloud and state store. Starting it twice is fine."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    with explain_refusals("--dir"):
        box = control.start(directory.absolute(), speed=speed)
    if call.settings.output != "table":
        show_value(_as_json(box), call.settings.output)
    call.say(f"sandbox ready (a simulation: no real cloud) in {directory.absolute()}")
    call.say(f'next: eval "$(kled sandbox env {options(dir=directory)})"')


@leaf("env", examples=('eval "$(kled sandbox env --dir=/tmp/box)"',), apart=True)
@_dir
def env(call: Call, directory: Path) -> None:
    """Print export lines; with them every command works against the sandbox.

    There is no way back within a shell: evaluate them in a subshell, or open a new one afterwards.
    Where there is no sandbox, the one line that it prints lets no command of kled act there.
    """
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    path = call.settings.environment.get("PATH", "")
    try:
        with explain_refusals("--dir"):
            variables = control.environment(directory, path=path, snapshots=True)
    except KledError:
        if call.settings.output == "table":  # the shell that evaluates it must not stay a real one
            refused = f"{REFUSED_SANDBOX}{visible(str(directory))}"
            streams.out().exact(f"export KLED_SANDBOX={word(refused)}\n")
        raise
    unset = control.variables_to_unset(set(call.settings.environment), directory)
    if call.settings.output != "table":
        show_value({"set": variables, "unset": unset}, call.settings.output, exact=True)
        return
    for name in unset:
        streams.out().exact(f"unset {name}\n")
    for name, value in sorted(variables.items()):
        streams.out().exact(f"export {name}={word(value)}\n")


@leaf("status", examples=("kled sandbox status --dir=/tmp/box",), apart=True)
@_dir
def status(call: Call, directory: Path) -> None:
    """Show the sandbox's places, its speed and its faults."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    with explain_refusals("--dir"):
        box = control.status(directory)
    document = _as_json(box)
    if call.settings.output == "table":
        document["faults"] = _fault_words(box.faults)
        rows = [{"what": key.replace("_", " "), "value": value} for key, value in document.items()]
        show(rows, (Column("WHAT", "what"), Column("VALUE", "value")), "table")
    else:
        show_value(document, call.settings.output)


@leaf(
    "stop", examples=("kled sandbox stop --dir=/tmp/box",), apart=True, again=(interruption.REST,)
)
@_dir
def stop(call: Call, directory: Path) -> None:
    """End what runs in the sandbox and remove what it made; files of yours in it stay."""
    from kled.sandbox import control  # noqa: PLC0415 - not for --help

    with explain_refusals("--dir"):
        stopped = control.stop(directory)
    if call.settings.output != "table":
        left = [str(path) for path in stopped.left]
        document = {"directory": str(directory.absolute()), "ended": stopped.ended, "left": left}
        show_value(document, call.settings.output)
    if not stopped.existed:
        call.say(f"there is no sandbox in {directory}: nothing was removed")
        return
    ended = f"; ended {len(stopped.ended)} running in it" if stopped.ended else ""
    call.say(f"no sandbox is left in {directory}{ended}")
    for path in stopped.left:
        call.say(f"not the sandbox's, so it stays: {path}")


@leaf(
    "break",
    examples=(
        "kled sandbox break --dir=/tmp/box throttled calls=3",
        "kled sandbox break --dir=/tmp/box never-joins group=nodes-us-east-1a",
        "kled sandbox break --dir=/tmp/box --clear",
    ),
    apart=True,
    again=(interruption.REST,),
)
@_dir
@click.argument("fault", required=False)
@click.argument("options", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--clear", is_flag=True, help="Mend everything.")
def break_(
    call: Call, directory: Path, fault: str | None, options: tuple[str, ...], *, clear: bool
) -> None:
    """Break the sandbox on purpose, to see what kled makes of it; without a fault list them."""
    from kled.sandbox import control, faults  # noqa: PLC0415 - not for --help

    with explain_refusals("--dir"):
        directory = control.status(directory).directory
    if clear:
        faults.clear(directory)
        call.say("mended")
    if fault is not None:
        with explain_refusals("fault"):
            faults.inject(directory, fault, since=time.time(), **dict(map(_pair, options)))
        call.say(f"broken: {fault} {' '.join(options)}".rstrip())
    elif not clear:
        rows = [{"fault": name, "what": what} for name, what in sorted(faults.FAULTS.items())]
        show(rows, (Column("FAULT", "fault"), Column("WHAT", "what")), call.settings.output)


def _as_json(box: "Sandbox") -> dict[str, object]:
    return {
        "directory": str(box.directory),
        "speed": box.speed,
        "kops": str(box.kops),
        "state_store": box.state_store,
        "faults": box.faults,
    }


def _pair(option: str) -> tuple[str, object]:
    key, equals, value = option.partition("=")
    if not equals or not key:
        raise InvalidInput(option, "is not KEY=VALUE")
    number = parameters.whole(value)
    return key, value if number is None else number


def _fault_words(faults: dict[str, dict[str, Any]]) -> str:
    return ", ".join(
        " ".join([name, *(f"{key}={value}" for key, value in options.items())])
        for name, options in sorted(faults.items())
    )


@contextmanager
def explain_refusals(field: str) -> Iterator[None]:
    """Turn a refusal of the sandbox into an error that names what was typed."""
    from kled.sandbox.directory import AnothersDirectory, NotOwn  # noqa: PLC0415 - not for --help

    try:
        yield
    except AnothersDirectory as error:
        hint = "only they may use or remove it; name a directory of your own"
        raise KledError(f"{field}: {error}", hint=hint) from error
    except NotOwn as error:
        raise InvalidInput(field, str(error), hint="name a new directory") from error
    except ValueError as error:
        raise InvalidInput(field, str(error)) from error
    except OSError as error:
        if error.errno is None:  # the sandbox's own words: there is none
            hint = "kled sandbox start --dir=DIR makes one"
            raise InvalidInput(field, str(error), hint=hint) from error
        reason = sentences.reason(error)
        told = f"cannot be used: {error.filename or ''}: {reason}"
        raise InvalidInput(field, told, hint="name a directory that you may write") from error


sandbox = click.Group(
    "sandbox",
    help="A simulated kops, cloud and state store to try things in. Nothing here is real.",
    commands=[start, env, status, stop, break_],
)
