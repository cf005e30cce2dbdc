"""`kled flows`."""

from deployments import catalog, environment
from deployments.commands import COMMANDS
from deployments.outline import parameters as outline
from kled.cli.flows.deploy import directories
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal.output import Column, show

_FLOWS = (
    Column("FLOW", "flow"),
    Column("AS A COMMAND", "command"),
    Column("PARAMETERS", "takes"),
    Column("ENVIRONMENTS", "environments"),
    Column("WHAT IT DOES", "description"),
)


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
                "takes": [
                    parameter.name if parameter.required else f"[{parameter.name}]"
                    for parameter in takes
                ],
                "parameters": [parameter.as_json() for parameter in takes],
                "environments": known,
                "description": entry.description,
            }
        )
    show(rows, _FLOWS, call.settings.output)
