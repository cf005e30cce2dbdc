"""Shows the answers of all clusters: a row for each, and a line for each that is not ok."""

from collections.abc import Sequence

from kled.cli.frame.command import Call
from kled.cli.terminal.output import Column, show
from kled.operations.fleet.all_clusters import OK, Answer, worst_first


def show_answers(call: Call, answers: Sequence[Answer], heading: str) -> None:
    """Write the rows to stdout, the worst first, and what to type next to stderr."""
    bad_first = sorted(answers, key=worst_first)
    columns = (Column("CLUSTER", "cluster"), Column(heading, "state"), Column("WHAT", "words"))
    show([answer.as_json() for answer in bad_first], columns, call.settings.output)
    for answer in bad_first:
        if answer.state != OK:
            call.say(f"{answer.cluster}: {answer.words}; {answer.mend}")
