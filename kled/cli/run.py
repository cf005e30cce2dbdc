"""`kled run`, `kled flows` and `kled deploy`."""

from pathlib import Path
from typing import Final

import click

from deployments import catalog, environment
from deployments.commands import COMMANDS
from deployments.outline import parameters as outline
from kled import carried_rules, carried_times
from kled.cli import halfway
from kled.cli.flow_help import YES, FlowCommand
from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show
from kled.errors import InvalidInput
from kled.files import given
from kled.sentences import enumerated, number, options


def _environment(_ctx: click.Context, _param: click.Parameter, typed: str | None) -> str | None:
    """Take the name of an environment, which is the name of its deployments."""
    if typed is None or (typed and "/" not in typed and not typed.endswith(_FILES)):
        return typed
    name = Path(typed).name
    for ending in _FILES:
        name = name.removesuffix(ending)
    hint = f"write {options(deployment=name)}" if name else "kled flows lists those known here"
    raise InvalidInput("--deployment", f"{typed!r} is no name of an environment", hint=hint)


_FILES: Final = (".yaml", ".yml")
_STATE_STORES: Final = ("KOPS_STATE_STORE", "KLED_STATE_STORE")
_SNAPSHOT_STORES: Final = ("KLED_SNAPSHOT_STORE",)
_SHOWN: Final = 3
_KEEPS: Final = "snapshot"
"""The tag of deployments that need a snapshot store."""
_APPLIED = (
    Column("DEPLOYMENT", "deployment"),
    Column("OUTCOME", "outcome"),
    Column("WORK POOL", "work_pool"),
    Column("KEPT FROM THE SERVER", "kept"),
)
_FLOWS = (
    Column("FLOW", "flow"),
    Column("AS A COMMAND", "command"),
    Column("PARAMETERS", "takes"),
    Column("ENVIRONMENTS", "environments"),
    Column("WHAT IT DOES", "description"),
)


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
@click.argument("words", nargs=-1, metavar="[KEY=VALUE]...")
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
    words: tuple[str, ...],
    params: str | None,
    deployment: str | None,
    *,
    yes: bool,
) -> int:
    """Run a flow here, or trigger its deployment; `kled run FLOW --help` lists its parameters.

    Flows that change or delete what is there show their plan, and act with --yes.
    """
    from kled.cli import flow_here, flow_parameters, flow_there  # noqa: PLC0415 - not for --help

    if deployment:
        _refuse_state(click.get_current_context())
    entry = catalog.find(catalog.load(catalog.path()), flow)
    given = flow_parameters.read_file(_text(params)) if params else {}
    if deployment:
        flow_there.require_server()
    flow_here.quiet_prefect(verbose=call.verbose)
    from deployments.loading import load_flow  # noqa: PLC0415 - imports prefect

    found = load_flow(entry)
    model = flow_parameters.model_of(found.function)
    words, given = flow_parameters.today(call, found, words, given)
    meant = flow_parameters.collect(model, words, given)
    if YES in model.model_fields:
        meant[YES] = yes or meant.get(YES, False)
    checked = flow_parameters.validate(model, meant)
    if deployment:
        sent = checked.model_dump(mode="json", exclude_unset=True)
        name = found.named(sent)
        code = flow_there.run_there(call, f"{entry.flow}/{deployment}", sent, run_name=name)
    else:
        code = flow_here.run_here(call, found, dict(checked))
    if code == 0 and not getattr(checked, YES, True):
        call.say("preview only; the same command with --yes does it")
    return code


def _refuse_state(context: click.Context) -> None:
    """Raise `InvalidInput` where somebody means a state store that no worker is told of."""
    if context.params.get("state"):
        raise InvalidInput(
            "--state",
            "means nothing with --deployment: the run is on a worker, which has a state store of"
            " its own",
            hint="leave it out, or name the deployment of an environment with that state store",
        )


def _text(params: str) -> str:
    return given.stdin_text() if params == "-" else given.given_text(Path(params))


@leaf("flows", examples=("kled flows", "kled flows --output=json"))
def flows(call: Call) -> None:
    """List the flows with their parameters and the environments that are known here."""
    known = environment.known_names(directories(call))
    rows = []
    for entry in catalog.load(catalog.path()):
        takes = outline(entry)
        rows.append(
            {
                "flow": entry.flow,
                "command": COMMANDS.get(entry.flow),
                "takes": [one.name if one.required else f"[{one.name}]" for one in takes],
                "parameters": [one.as_json() for one in takes],
                "environments": known,
                "description": entry.description,
            }
        )
    show(rows, _FLOWS, call.settings.output)


environment_option: Final = click.option(
    "--environment",
    "name",
    metavar="ENV",
    default=environment.DEFAULT,
    show_default=True,
    help="An environment's name, or its YAML file.",
)


@leaf(
    "deploy",
    examples=("kled deploy", "kled deploy --environment=production"),
    again=(halfway.REST,),
)
@environment_option
def deploy(call: Call, name: str) -> None:
    """Create or update the work pool and the deployments of prefect.yaml; safe to repeat."""
    from kled.cli import flow_here, flow_there  # noqa: PLC0415 - not for --help

    chosen = environment.find(name, directories(call)).completed(call.settings.rules)
    entries = catalog.load(catalog.path())
    flow_there.require_server()
    flow_here.quiet_prefect(verbose=call.verbose)
    from deployments.apply import apply  # noqa: PLC0415 - imports prefect
    from deployments.automating import bring  # noqa: PLC0415

    _warn_of_schedules(call, entries, chosen)
    with flow_there.server() as client:
        applied = apply(client, entries, chosen)
        brought = bring(client, chosen.name, {one.flow: one.id for one in applied}, chosen.notify)
    call.show(applied, _APPLIED)
    for one in applied:
        for slug in one.woken:
            call.say(f"{one.deployment}: woke the schedule {slug}, which prefect.yaml has awake")
        for words in one.respelled:
            call.say(f"{one.deployment}: {words}")
        for what in one.dropped:
            call.say(f"{one.deployment}: dropped the {what}: the flow no longer takes it")
    regained = [one.deployment for one in applied if one.regained]
    if regained:
        call.say(
            f"{number(len(regained), 'deployment')} carried no rules, as after prefect deploy, and"
            f" what ran meanwhile went by its worker's: {enumerated(regained, _SHOWN)}"
        )
    call.say(*(one.words for one in brought))
    if chosen.notify is None:
        call.say(
            f"nobody is told of runs that fail, crash, are cancelled or late: name a notification"
            f" block of Prefect in environment {chosen.name}, such as notify: slack-webhook/ops"
        )
    call.say(f"approval: {carried_rules.words(chosen.rules.approval)}, on whatever worker")
    call.say(*carried_times.words(chosen.rules))
    call.say(f"next: prefect worker start {options(pool=chosen.work_pool)}")


def _warn_of_schedules(
    call: Call, entries: tuple[catalog.Entry, ...], chosen: environment.Environment
) -> None:
    """Say that schedules are awake and a store is not known; a worker may still have one."""
    awake = [entry for entry in entries if any(one.active for one in entry.schedules)]
    kept = [entry for entry in awake if _KEEPS in entry.tags]
    for what, names, known, those in (
        ("state", _STATE_STORES, call.settings.state_store, awake),
        ("snapshot", _SNAPSHOT_STORES, call.settings.snapshot_store, kept),
    ):
        if those and not known and not any(name in chosen.variables for name in names):
            call.say(
                f"no {what} store is set: without {names[0]} among the variables of environment"
                f" {chosen.name} or of its workers, every scheduled run of"
                f" {', '.join(entry.flow for entry in those)} fails"
            )


def directories(call: Call) -> tuple[Path, ...]:
    """Return where environments are: the user's own come before the packaged ones."""
    return call.settings.config_file.parent / "environments", environment.PACKAGED
