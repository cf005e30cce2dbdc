"""Shows a cluster's definition."""

from kled.cli.frame.command import Call
from kled.cli.terminal.output import show_documents, show_value
from kled.models.definition import Definition


def show_definition(call: Call, definition: Definition, form: str) -> None:
    """Write the definition as one JSON value, or as the YAML that `kops create -f` reads."""
    if form == "json":
        show_value(definition.as_json(), "json", exact=True)
        return
    show_documents(definition.shown)
    if definition.hidden:
        call.say(
            f"warning: values of the Secret {', '.join(definition.hidden)} are hidden, so this text"
            " is not to be stored as it is"
        )
