"""kled for Python programs: everything that the command line does with clusters and snapshots.

    from kled.api import Kled

    kled = Kled.from_environment()
    plan = kled.clusters.plan_update("c.example.com")
    if not plan.is_empty:
        kled.clusters.update("c.example.com", digest=plan.digest, roll=True)

The names in `__all__` are all there is, and they follow semantic versioning (docs/python.md).
Importing this is cheap: what a name needs is imported when it is used first. Errors are subclasses
of `KledError`, each with a `message`, a `hint`, and whether it is `retryable`.
"""

import importlib
from typing import TYPE_CHECKING, Final

from kled.api.client import Kled
from kled.api.observing import Observer
from kled.api.values import (
    Mirrored,
    PlannedRestore,
    PlannedWrite,
    Pruned,
    Restored,
    RestoreOptions,
    SnapshotId,
    Verified,
)
from kled.errors import (
    ApiUnreachable,
    ClusterDiffers,
    ClusterExists,
    ClusterNotFound,
    ClusterNotReady,
    CredentialsRefused,
    DeadlineExceeded,
    DefinitionRejected,
    DrainBlocked,
    EpochMismatch,
    IdentityAtRisk,
    InstanceGroupNotFound,
    InvalidInput,
    KeysetMissing,
    KledError,
    KopsError,
    KopsMissing,
    KubernetesRefused,
    LeaseHeld,
    LeaseLost,
    NotApproved,
    NotReadyInTime,
    NotYetApplied,
    RollHalted,
    SettingsError,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreError,
    WindowClosed,
)
from kled.operations.guards.overrides import Overrides

if TYPE_CHECKING:
    from kled.models.blast_radius import BlastRadius
    from kled.models.cluster import Cluster, Instance, InstanceGroup
    from kled.models.credential import Keypair, Secret
    from kled.models.definition import Definition
    from kled.models.health_finding import HealthFinding
    from kled.models.plan import Change, Plan
    from kled.models.rolled import Steadiness
    from kled.models.rolling import Roll, RollingPlan, RollingRow
    from kled.models.spec import ClusterSpec, parse_spec
    from kled.models.validation import Failure, Node, ValidationReport
    from kled.operations.fleet.all_clusters import Answer, Pending
    from kled.operations.roll.roll_cluster import Pace
    from kled.operations.runner import Report, Row
    from kled.operations.snapshots.list_snapshots import Listed
    from kled.recovery.diagnosis import Diagnosis
    from kled.recovery.plan.recovery_plan import RecoveryPlan
    from kled.snapshot.create.results import ClusterResult, RunResult
    from kled.snapshot.diff.diff import Difference
    from kled.snapshot.epoch.epoch_document import Epoch
    from kled.snapshot.retention.prune import PrunePlan

_LATE: Final = {
    "Answer": "kled.operations.fleet.all_clusters",
    "BlastRadius": "kled.models.blast_radius",
    "Change": "kled.models.plan",
    "Cluster": "kled.models.cluster",
    "ClusterResult": "kled.snapshot.create.results",
    "ClusterSpec": "kled.models.spec",
    "Definition": "kled.models.definition",
    "Diagnosis": "kled.recovery.diagnosis",
    "Difference": "kled.snapshot.diff.diff",
    "Epoch": "kled.snapshot.epoch.epoch_document",
    "Failure": "kled.models.validation",
    "HealthFinding": "kled.models.health_finding",
    "Instance": "kled.models.cluster",
    "InstanceGroup": "kled.models.cluster",
    "Keypair": "kled.models.credential",
    "Listed": "kled.operations.snapshots.list_snapshots",
    "Node": "kled.models.validation",
    "Pace": "kled.operations.roll.roll_cluster",
    "Pending": "kled.operations.fleet.all_clusters",
    "Plan": "kled.models.plan",
    "PrunePlan": "kled.snapshot.retention.prune",
    "RecoveryPlan": "kled.recovery.plan.recovery_plan",
    "Report": "kled.operations.runner",
    "Roll": "kled.models.rolling",
    "RollingPlan": "kled.models.rolling",
    "RollingRow": "kled.models.rolling",
    "Row": "kled.operations.runner",
    "RunResult": "kled.snapshot.create.results",
    "Secret": "kled.models.credential",
    "Steadiness": "kled.models.rolled",
    "ValidationReport": "kled.models.validation",
    "parse_spec": "kled.models.spec",
}
"""Where a name comes from that is imported when it is used first; as another name after a colon."""

__all__ = [
    "Answer",
    "ApiUnreachable",
    "BlastRadius",
    "Change",
    "Cluster",
    "ClusterDiffers",
    "ClusterExists",
    "ClusterNotFound",
    "ClusterNotReady",
    "ClusterResult",
    "ClusterSpec",
    "CredentialsRefused",
    "DeadlineExceeded",
    "Definition",
    "DefinitionRejected",
    "Diagnosis",
    "Difference",
    "DrainBlocked",
    "Epoch",
    "EpochMismatch",
    "Failure",
    "HealthFinding",
    "IdentityAtRisk",
    "Instance",
    "InstanceGroup",
    "InstanceGroupNotFound",
    "InvalidInput",
    "Keypair",
    "KeysetMissing",
    "Kled",
    "KledError",
    "KopsError",
    "KopsMissing",
    "KubernetesRefused",
    "LeaseHeld",
    "LeaseLost",
    "Listed",
    "Mirrored",
    "Node",
    "NotApproved",
    "NotReadyInTime",
    "NotYetApplied",
    "Observer",
    "Overrides",
    "Pace",
    "Pending",
    "Plan",
    "PlannedRestore",
    "PlannedWrite",
    "PrunePlan",
    "Pruned",
    "RecoveryPlan",
    "Report",
    "RestoreOptions",
    "Restored",
    "Roll",
    "RollHalted",
    "RollingPlan",
    "RollingRow",
    "Row",
    "RunResult",
    "Secret",
    "SettingsError",
    "SnapshotId",
    "SnapshotMissing",
    "SnapshotNotTrustworthy",
    "Steadiness",
    "StoreError",
    "ValidationReport",
    "Verified",
    "WindowClosed",
    "parse_spec",
]

if not TYPE_CHECKING:  # a type checker knows the names above, and no others

    def __getattr__(name: str) -> object:
        """Import what a name stands for, once."""
        where, _, other = _LATE.get(name, "").partition(":")
        if not where:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(where), other or name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the names that there are."""
        return sorted({*globals(), *__all__})
