"""What a run tells of a cluster that has a snapshot now: an earlier one, or a new one."""

from kled.snapshot.create.earlier import Standing
from kled.snapshot.create.making import MadeSnapshot
from kled.snapshot.create.results import ClusterResult
from kled.snapshot.create.row_words import name_left_out
from kled.snapshot.create.selection import Selection
from kled.snapshot.documents.runs import RunEntry
from kled.snapshot.trust.trust import reasons_at_birth


def row_of_reused(chosen: Selection, entry: RunEntry, standing: Standing) -> ClusterResult:
    """Return the row of a cluster whose earlier snapshot, that of `entry`, holds what is there."""
    return ClusterResult(
        chosen.cluster,
        entry.snapshot,
        reused=True,
        level=entry.level,
        objects=len(chosen.entries),
        size=sum(listed.size for listed in chosen.entries),
        findings=standing.findings,
        reasons=standing.reasons,
        left_out=name_left_out(chosen),
    )


def row_of_made(made: MadeSnapshot, chosen: Selection, seconds: float) -> ClusterResult:
    """Return the row of a cluster of which a new snapshot was made in so many seconds."""
    manifest = made.manifest
    return ClusterResult(
        manifest.cluster,
        manifest.id,
        fuzzy=manifest.fuzzy,
        level=manifest.level,
        objects=len(manifest.objects),
        size=sum(record.size for record in manifest.objects),
        findings=made.findings,
        reasons=reasons_at_birth(manifest),
        left_out=name_left_out(chosen),
        seconds=seconds,
    )
