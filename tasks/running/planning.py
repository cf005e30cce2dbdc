"""Runs what a flow thinks with before its block: an operation that plans or previews."""

from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import Report
from kled.operations.step import Operation
from tasks.running import progress
from tasks.running.block import open_block, watch_steps


def carry_out(operation: Operation, overrides: Overrides = NOTHING) -> Report:
    """Run an operation that plans; raises `KledError`. It publishes no summary."""
    bars = progress.bars(operation)
    with open_block(operation, overrides, bars, watch_steps(operation, bars)) as block:
        for step in operation.steps():
            block.perform(step)
        block.end()
    return block.report
