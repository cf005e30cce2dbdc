"""Runs a whole operation in a block of its own: planning, and flows that are one task."""

from collections.abc import Sequence

from kled.errors import KledError
from kled.models.agreement import Agreement
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import Report
from kled.operations.step import Operation
from tasks.running import edge, progress
from tasks.running.block import opened, performed_here, published, watching

Outcome = edge.Outcome
reported = edge.reported


def carry_out(operation: Operation, overrides: Overrides = NOTHING) -> Report:
    """Run an operation that a flow begins with, such as planning; raises `KledError`.

    It publishes no summary: `run` does.
    """
    bars = progress.bars(operation)
    with opened(operation, overrides, bars, watching(operation, bars)) as block:
        for step in operation.steps():
            block.perform(step)
        block.end()
    return block.report


def run(
    operation: Operation,
    *,
    then: Sequence[str] = (),
    overrides: Overrides = NOTHING,
    agreement: Agreement | None = None,
    tells: bool = True,
) -> Outcome:
    """Run `operation` and publish its summary; `then` lists what to type next.

    `agreement` says why its plan may be applied; the summary and the report say it, too. Not
    `tells`, people are told of a failure by whoever calls.

    Raises no `Exception`: it comes back in a failed state whose message has the hint too.
    """
    try:
        with published(operation, overrides, agreement, then) as done:
            for step in operation.steps():
                performed_here(step)
    except KledError as error:
        return edge.failed(error, tells=tells)
    return done.outcome
