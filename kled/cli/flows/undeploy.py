"""`kled undeploy`."""

import click

from deployments import catalog, environment
from kled.cli.flows.deploy import directories, environment_option
from kled.cli.frame import interruption
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal.output import Column

_REMOVED = (
    Column("KIND", "kind"),
    Column("NAME", "name"),
    Column("OUTCOME", "outcome"),
    Column("REMARK", "remark"),
)


@leaf(
    "undeploy",
    examples=("kled undeploy", "kled undeploy --environment=production --yes"),
    again=(interruption.REST,),
)
@environment_option
@click.option("--yes", is_flag=True, help="Remove it; without this it is only listed.")
def undeploy(call: Call, name: str, *, yes: bool) -> None:
    """List what `kled deploy` made on the server for an environment; remove it with --yes."""
    from kled.cli.flows import here, there  # noqa: PLC0415 - not for --help

    chosen = environment.find(name, directories(call))
    there.require_server()
    here.quiet_prefect(verbose=call.verbose)
    from deployments.removing import remove  # noqa: PLC0415 - imports prefect

    entries = catalog.load(catalog.path())
    with there.server() as client:
        removals = remove(client, entries, chosen.name, chosen.work_pool, act=yes)
    call.show(removals, _REMOVED)
    if not removals:
        call.say(f"nothing of environment {chosen.name} is on the server")
    elif not yes:
        again = call.typed.again("undeploy", environment=name, yes=True)
        call.say(f"preview only; remove it with: {again}")
