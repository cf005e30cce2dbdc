"""What protects a cluster from a block of tasks: give one of these to `changing` or `reading`."""

from kled.operations.guards.guards import (
    APPLIES,
    CREATES,
    DELETES,
    EDITS,
    FORGETS,
    MOVES,
    READS,
    ROLLS,
    ROTATES,
    SCALES,
    STORES,
    Guards,
    LeasePlace,
)

__all__ = [
    "APPLIES",
    "CREATES",
    "DELETES",
    "EDITS",
    "FORGETS",
    "MOVES",
    "READS",
    "ROLLS",
    "ROTATES",
    "SCALES",
    "STORES",
    "Guards",
    "LeasePlace",
]
