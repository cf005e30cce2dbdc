"""A flow that is one whole operation: what chains of tasks do, for operations of tests."""

from collections.abc import Sequence

from kled.errors import KledError
from kled.models.agreement import Agreement
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.step import Operation
from tasks.running import edge
from tasks.running.block import open_published, perform_in_block
from tasks.running.results import Results


def run(
    operation: Operation,
    *,
    then: Sequence[str] = (),
    overrides: Overrides = NOTHING,
    agreement: Agreement | None = None,
    tells: bool = True,
) -> edge.FlowOutcome:
    """Run `operation` and publish its summary; `then` lists what to type next.

    `agreement` says why its plan may be applied; the summary and the report say it, too. Not
    `tells`, people are told of a failure by whoever calls.

    Raises no `Exception`: it comes back in a failed state whose message has the hint too.
    """
    try:
        with open_published(operation, overrides, agreement, then, Results()) as done:
            for step in operation.steps():
                perform_in_block(step)
    except KledError as error:
        return edge.failed_state(error, tells=tells)
    return done.outcome
