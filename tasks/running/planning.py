"""Runs what a flow thinks with before its block: an operation that plans or previews."""

from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import Report
from kled.operations.step import Operation
from tasks.running import progress
from tasks.running.block import opened, watching


def carry_out(operation: Operation, overrides: Overrides = NOTHING) -> Report:
    """Run an operation that plans; raises `KledError`. It publishes no summary."""
    bars = progress.bars(operation)
    with opened(operation, overrides, bars, watching(operation, bars)) as block:
        for step in operation.steps():
            block.perform(step)
        block.end()
    return block.report
