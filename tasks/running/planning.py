"""Runs what a flow thinks with before its block: the one step of a planning.

A plan is made, published and approved outside of the block that applies it, so that nobody holds a
lease while a person thinks; so its step has a block of its own, which ends with it.
"""

from typing import TypeVar, cast

from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import Report
from kled.operations.step import Planning, Step
from tasks.running import progress
from tasks.running.block import open_block, watch_steps
from tasks.running.results import Results

T = TypeVar("T")


def carry_out(planning: Planning[T], overrides: Overrides = NOTHING) -> Report[T]:
    """Perform the step of a planning, and return its report with what it has found out.

    Raises `KledError`. It publishes no summary.
    """
    bars = progress.bars(planning)
    (step,) = planning.steps()
    with open_block(planning, overrides, bars, watch_steps(planning, bars), Results()) as block:
        block.perform(cast("Step", step))
        block.end()
    assert step.result is not None  # noqa: S101 - the step of a planning has one
    done = block.report
    return Report(done.operation, done.cluster, done.rows, step.result())
