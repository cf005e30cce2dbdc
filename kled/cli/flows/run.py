"""`kled run`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from deployments import catalog
from kled.cli.flows.help import YES, FlowCommand
from kled.cli.frame.command import Call, leaf
from kled.errors import InvalidInput
from kled.files import given
from kled.sentences import options


def _environment(_ctx: click.Context, _param: click.Parameter, typed: str | None) -> str | None:
    """Return the name of an environment, which is also the name of its deployments."""
    if typed is None or (typed and "/" not in typed and not typed.endswith(_FILES)):
        return typed
    name = Path(typed).name
    for ending in _FILES:
        name = name.removesuffix(ending)
    hint = f"write {options(deployment=name)}" if name else "kled flows lists those known here"
    raise InvalidInput("--deployment", f"{typed!r} is not the name of an environment", hint=hint)


_FILES: Final = (".yaml", ".yml")


@leaf(
    "run",
    examples=(
        "kled run create-cluster name=c.example.com zones=us-east-1a node-count=2",
        "kled run create-cluster --params=cluster.yaml wait=45m",
        "kled run update-cluster name=c.example.com",
        "kled run update-cluster name=c.example.com --yes",
        "kled run validate-cluster name=c.example.com --deployment=production",
    ),
    cls=FlowCommand,
)
@click.argument("flow")
@click.argument("assignments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--params", metavar="FILE", help="Parameters as YAML or JSON; - is stdin.")
@click.option(
    "--deployment",
    metavar="ENV",
    callback=_environment,
    help="Trigger it on a worker of ENV and follow it.",
)
@click.option("--yes", is_flag=True, help="Do it; without, a flow that has a plan only shows it.")
def run(
    call: Call,
    flow: str,
    assignments: tuple[str, ...],
    params: str | None,
    deployment: str | None,
    *,
    yes: bool,
) -> int:
    """Run a flow here, or trigger its deployment; `kled run FLOW --help` lists its parameters.

    Flows that change or delete what is there show their plan, and act with --yes.
    """
    from kled.cli.flows import here, parameters, there  # noqa: PLC0415 - not for --help

    if deployment:
        _refuse_state(click.get_current_context())
    entry = catalog.find(catalog.load(catalog.path()), flow)
    given = parameters.read_file(_text(params)) if params else {}
    if deployment:
        there.require_server(there.HERE)
    here.quiet_prefect(verbose=call.verbose)
    from deployments.loading import load_flow  # noqa: PLC0415 - imports prefect

    loaded = load_flow(entry)
    model = parameters.model_of(loaded.function)
    assignments, given = parameters.today(call, loaded, assignments, given)
    meant = parameters.collect(model, assignments, given)
    if YES in model.model_fields:
        meant[YES] = yes or meant.get(YES, False)
    checked = parameters.validate(model, meant)
    code, digest = 0, None
    if deployment:
        sent = checked.model_dump(mode="json", exclude_unset=True)
        name = loaded.named(sent)
        code = there.run_there(call, f"{entry.flow}/{deployment}", sent, run_name=name)
    else:
        digest = _digest(call, here.run_here(call, loaded, dict(checked)))
    if code == 0 and not getattr(checked, YES, True):
        takes_it = _DIGEST in model.model_fields and not getattr(checked, _DIGEST)
        call.say(f"preview only; do it with: {_again(call, digest if takes_it else None)}")
    return code


_DIGEST: Final = "digest"


def _digest(call: Call, report: Mapping[str, Any]) -> str | None:
    """Return what approves the plan that a run here has shown.

    None where the rules ask people about such a plan: whoever repeats the command is not asked.
    """
    if call.settings.rules.asks_for(report["cluster"]):
        return None
    return (report.get("plan") or {}).get(_DIGEST)


def _again(call: Call, digest: str | None) -> str:
    """Return the command that does what was shown; with a `digest` just that, or nothing."""
    from kled.models.question import DIGITS  # noqa: PLC0415 - not for --help

    more = (f"{_DIGEST}={digest[:DIGITS]}",) if digest else ()
    typed = replace(call.typed, arguments=(*call.typed.arguments, *more))
    return typed.again("run", yes=True)


def _refuse_state(context: click.Context) -> None:
    """Raise `InvalidInput` for a state store option, which no worker would learn of."""
    if context.params.get("state"):
        raise InvalidInput(
            "--state",
            "means nothing with --deployment: the run is on a worker, which has a state store of"
            " its own",
            hint="leave it out, or name the deployment of an environment with that state store",
        )


def _text(params: str) -> str:
    return given.stdin_text() if params == "-" else given.given_text(Path(params))
