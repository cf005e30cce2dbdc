"""Commands and flows speak one language: names, defaults, units, bounds. Faults 16 and 17."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import click
import pytest
from pydantic import TypeAdapter

from deployments import catalog
from deployments.commands import COMMANDS
from deployments.loading import load_flow
from deployments.outline import parameters
from kled import config, durations
from kled.cli.app import ROOT, run
from kled.cli.flows import parameters as flow_parameters
from kled.cli.frame.command import Call
from kled.cli.frame.parameters import DURATION
from kled.errors import InvalidInput
from kled.models.spec import ClusterSpec
from tasks.running import parameter_types

ENTRIES: Final = {entry.flow: entry for entry in catalog.load(catalog.path())}
CHECKOUT: Final = Path(__file__).parents[3]
OWN: Final = {
    ("create-cluster", "digest"): "what is left of a cluster that was applied is asked about",
    ("scale-instance-group", "digest"): "an approval is bound to it; who types --yes, nothing",
}
"""Parameters of flows that no option of the command means, each with why."""
OTHER_DEFAULTS: Final = {
    ("update-cluster", "wait"): "a flow validates in any case, the command with --roll",
    **{
        (flow, "yes"): "a run that nobody types goes by the approval rules; kled run says false"
        for flow, entry in ENTRIES.items()
        if any(one.name == "yes" for one in parameters(entry))
    },
}
"""Parameters whose defaults differ from those of the options, each with why."""


def command_of(flow: str) -> click.Command:
    found: click.Command = ROOT
    for name in COMMANDS[flow].split()[1:]:
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), name)
        assert inner is not None, COMMANDS[flow]
        found = inner
    return found


def pairs() -> Iterator[tuple[str, str]]:
    for flow in ENTRIES:
        for name in inspect.signature(load_flow(ENTRIES[flow])).parameters:
            if name != "spec":
                yield flow, name


def option_of(flow: str, name: str) -> click.Option | None:
    flag = f"--{name.replace('_', '-')}"
    found = [one for one in command_of(flow).params if flag in one.opts]
    assert all(isinstance(one, click.Option) for one in found)
    return next(iter(found), None)  # type: ignore[return-value]


def parameter_of(flow: str, name: str) -> inspect.Parameter:
    return inspect.signature(load_flow(ENTRIES[flow])).parameters[name]


PAIRS: Final = list(pairs())
SHARED: Final = [pair for pair in PAIRS if pair not in OWN]


@pytest.mark.parametrize(("flow", "name"), PAIRS)
def test_what_a_flow_takes_is_an_option_of_its_command(flow: str, name: str) -> None:
    assert (option_of(flow, name) is None) == ((flow, name) in OWN)


@pytest.mark.parametrize(("flow", "name"), SHARED)
def test_what_both_take_has_one_default(flow: str, name: str) -> None:
    option, default = option_of(flow, name), parameter_of(flow, name).default
    assert option is not None
    if default is inspect.Parameter.empty:  # a flow guesses no cluster, group or snapshot
        assert (option.required, name) in {(True, name), (False, "name")}
        return
    same = plain(option.get_default(click.Context(command_of(flow)))) == plain(default)

    assert same != ((flow, name) in OTHER_DEFAULTS)


def plain(value: object) -> object:
    """Return a default as it means the same in both worlds."""
    if value in (None, (), [], False, "0", "all") or "UNSET" in repr(value):
        return None
    return str(value)


def kinds(annotation: Any) -> Iterator[Any]:
    """Yield the types of a union, each with what is annotated."""
    if get_origin(annotation) is UnionType or str(get_origin(annotation)) == "typing.Union":
        for one in get_args(annotation):
            yield from kinds(one)
    elif get_origin(annotation) is tuple:
        yield from kinds(get_args(annotation)[0])
    elif annotation is not type(None):
        yield annotation


@pytest.mark.parametrize(("flow", "name"), SHARED)
def test_what_both_take_has_one_type(flow: str, name: str) -> None:
    option = option_of(flow, name)
    assert option is not None
    (kind,) = kinds(parameter_of(flow, name).annotation)

    assert (option.type == DURATION) == (kind == parameter_types.Duration)
    assert option.is_flag == (kind is bool)
    if isinstance(option.type, click.Choice):
        assert {str(one) for one in get_args(kind)} == set(option.type.choices)
        assert get_origin(kind) is Literal
    if isinstance(option.type, click.IntRange):
        bounds = TypeAdapter(kind).json_schema()
        assert (bounds["minimum"], bounds["maximum"]) == (option.type.min, option.type.max)
    if get_origin(kind) is Annotated and get_args(kind)[0] is int:
        assert isinstance(option.type, click.IntRange)


@pytest.mark.parametrize(
    ("typed", "long"), [("15m", 900), ("90s", 90), ("1h30m", 5400), ("0", 0), ("0.5h", 1800)]
)
def test_a_duration_is_typed_alike(typed: str, long: int) -> None:
    assert TypeAdapter(parameter_types.Duration).validate_python(typed) == typed
    assert DURATION.convert(typed, None, None) == timedelta(seconds=long)
    assert re.search(durations.PATTERN, typed)


@pytest.mark.parametrize("typed", ["", "15", "soon", "-1m", "1d", "15 m", "1m\n", "h"])
def test_what_is_no_duration_is_refused_alike(typed: str) -> None:
    for take in (
        lambda: DURATION.convert(typed, None, None),
        lambda: parameter_types._duration(typed),
    ):
        if typed == "1m\n":
            continue  # a command's word; in JSON it is refused by its pattern's end
        with pytest.raises((click.BadParameter, ValueError), match="is not a duration such as"):
            take()


def test_every_flow_stands_in_the_table_with_its_command() -> None:
    assert set(COMMANDS) == set(ENTRIES)
    text = (CHECKOUT / "docs" / "flows.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| `(kled [a-z -]+)` \|", text, re.MULTILINE)

    assert dict(rows) == dict(COMMANDS)
    for flow in COMMANDS:
        assert command_of(flow).callback


def test_what_was_typed_before_is_taken_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = Call(config.load({"HOME": str(tmp_path)}), verbose=False)
    flow = load_flow(ENTRIES["roll-cluster"])

    words, given = flow_parameters.today(
        call, flow, ("cluster=c.example.com", "force=true"), {"pause": 10}
    )

    assert (words, given) == (("name=c.example.com", "force=true"), {"pause": "10m"})
    assert capsys.readouterr().err.splitlines() == [
        "warning: pause=10 is an earlier spelling: write pause=10m",
        "warning: cluster=c.example.com is an earlier spelling: write name=c.example.com",
    ]


@pytest.mark.parametrize("key", ["instance-group", "name", "canary"])
def test_a_value_that_a_shell_left_out_is_refused(key: str) -> None:
    # instance-group=$GROUP without that variable would roll every group
    model = flow_parameters.model_of(load_flow(ENTRIES["roll-cluster"]).function)

    with pytest.raises(InvalidInput, match=f"^{key}: is empty"):
        flow_parameters.collect(model, [f"{key}="], {})


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Type a command that must succeed; return its stdout."""

    def act(*words: str) -> str:
        assert run(words) == 0
        return capsys.readouterr().out

    return act


@pytest.mark.parametrize("flow", ENTRIES)
@pytest.mark.parametrize("ask", ["--help", "-h"])
def test_the_help_of_a_flow_lists_its_parameters(
    flow: str, ask: str, typed: Callable[..., str]
) -> None:
    shown = " ".join(typed("run", flow, "name=c.example.com", ask).split())

    assert shown.startswith(f"Usage: kled run {flow} [KEY=VALUE]... [OPTIONS]")
    assert f"As a command: {COMMANDS[flow]} " in shown
    for one in parameters(ENTRIES[flow]):
        if one.name == "spec":
            for field in ClusterSpec.model_fields:
                assert f" {field.replace('_', '-')}=" in shown
            continue
        if one.name == "yes":
            assert " --yes Do it; without" in shown
            continue
        line = shown.partition(f" {one.name.replace('_', '-')}=")[2]
        assert line.partition(" ")[2].startswith(" ".join(one.description.split())), one.name
        default = ast.literal_eval(one.default or "None")
        if default not in (None, (), False):
            assert f"[default: {default}]" in line


def test_the_help_of_an_unknown_flow_names_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["run", "upgrade-cluster", "--help"]) == 2
    assert "known: back-up-state, check-health, create-cluster" in capsys.readouterr().err


def test_the_help_of_run_itself_says_how_to_ask_for_a_flows(typed: Callable[..., str]) -> None:
    assert "kled run FLOW --help" in " ".join(typed("run", "--help").split())
