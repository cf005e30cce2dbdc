"""Every error that kled raises on purpose.

KledError                        exit 1
├── SettingsError                exit 2   found before any call out: typed or configured wrong
│   ├── InvalidInput             one field of what was typed or written; names the field
│   │   └── OtherRecipients      an encrypted snapshot, and an identity that does not open it
│   ├── DefinitionUndecided      fields of a rewritten definition still name the old side
│   └── KopsMissing              no kops to run
│       └── KopsUnsafe           others could swap the installed one
├── KopsError                    kops ended with an error that no narrower class names
│   ├── ClusterNotFound, InstanceGroupNotFound, ResourceNotFound (a secret, keypair or SSH key)
│   ├── ClusterExists, InstanceGroupExists   also ClusterDiffers: stored with another definition
│   ├── DefinitionRejected       kops refuses the definition or a flag's value
│   ├── VersionRefused, CredentialsRefused, StateStoreMissing
│   ├── PermanentCloudError      the cloud refuses for good: limits, dependencies, permissions
│   ├── NotYetApplied            the cluster was stored but never updated with --yes
│   ├── KeysetMissing            exit 6   the cluster was applied, and its keys are gone
│   ├── DiskUnusable             read-only or full disk
│   ├── OutputUnreadable         kops answered 0, but not in a known form
│   ├── KopsCrashed              Go panic (exit status 2)
│   ├── ClusterNotReady          retryable, exit 3
│   │   └── ApiUnreachable
│   └── Throttled, CloudUnavailable   retryable: 5xx, dial errors, time-outs of cloud or store
├── TextUnreadable               a YAML text is none, or larger than any definition
├── KubernetesRefused            the Kubernetes API refused a request that no narrower class names
│   └── KubernetesMissing, KubernetesConflict   no such object; somebody else changed it first
├── RollHalted                   a rolling update stopped at a node; nothing is cordoned by it
├── GroupRefilled                an instance group launches what was drained and deleted
├── DrainBlocked                 pods of a node cannot be moved: budgets, or unmanaged pods
├── DeadlineExceeded             a child process or all attempts together ran out of time
│   └── NotReadyInTime           exit 3   the cluster was not healthy by then
├── StoreError                   an object store refused
│   ├── StoreUnavailable         retryable
│   ├── StoreDenied, ObjectMissing, BucketMissing, WrongRegion
│   ├── PreconditionFailed       somebody else wrote first
│   ├── DocumentDamaged          a document that a store keeps cannot be understood
│   └── CapabilityMissing        the store has no conditional writes
├── LeaseHeld, LeaseLost         exit 5   another writer holds the cluster, or took it over
├── NotApproved                  exit 6   denied by policy or not confirmed
│   ├── WindowClosed             outside the cluster's maintenance windows
│   └── IdentityAtRisk           keys or secrets that a cluster lives by would be made anew
├── SnapshotNotTrustworthy       exit 4   also FormatUnknown: a newer kled's
├── BeingCollected               retryable: a prune is deleting what is needed again
├── SnapshotMissing              there is no snapshot of that cluster or id
├── EpochMismatch                exit 6   the cluster lives in another state store now
├── DownloadFailed               retryable; ChecksumMismatch and ReleaseMissing are not
├── RoomTaken                    a stranger's `flows`, `tasks` or `deployments` shadows kled's
├── StillThere                   retryable: something of a deleted cluster is left
└── FlowServerDenied, FlowFailed a run's server refuses the credentials; it did not complete
"""

from kled.errors.base import (
    DefinitionUndecided,
    InvalidInput,
    KledError,
    OtherRecipients,
    RoomTaken,
    SettingsError,
    TextUnreadable,
)
from kled.errors.of_kops import (
    ApiUnreachable,
    ChecksumMismatch,
    CloudUnavailable,
    ClusterDiffers,
    ClusterExists,
    ClusterNotFound,
    ClusterNotReady,
    CredentialsRefused,
    DefinitionRejected,
    DiskUnusable,
    DownloadFailed,
    InstanceGroupExists,
    InstanceGroupNotFound,
    KeysetMissing,
    KopsCrashed,
    KopsError,
    KopsMissing,
    KopsUnsafe,
    NotYetApplied,
    OutputUnreadable,
    PermanentCloudError,
    ReleaseMissing,
    ResourceNotFound,
    StateStoreMissing,
    Throttled,
    VersionRefused,
)
from kled.errors.of_machines import (
    DeadlineExceeded,
    DrainBlocked,
    GroupRefilled,
    KubernetesConflict,
    KubernetesMissing,
    KubernetesRefused,
    NotReadyInTime,
    RollHalted,
    StillThere,
)
from kled.errors.of_stores import (
    BeingCollected,
    BucketMissing,
    CapabilityMissing,
    DocumentDamaged,
    FormatUnknown,
    ObjectMissing,
    PreconditionFailed,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
    StoreError,
    StoreUnavailable,
    WrongRegion,
)
from kled.errors.refusals import (
    EpochMismatch,
    FlowFailed,
    FlowServerDenied,
    IdentityAtRisk,
    LeaseHeld,
    LeaseLost,
    NotApproved,
    WindowClosed,
)

__all__ = [
    "ApiUnreachable",
    "BeingCollected",
    "BucketMissing",
    "CapabilityMissing",
    "ChecksumMismatch",
    "CloudUnavailable",
    "ClusterDiffers",
    "ClusterExists",
    "ClusterNotFound",
    "ClusterNotReady",
    "CredentialsRefused",
    "DeadlineExceeded",
    "DefinitionRejected",
    "DefinitionUndecided",
    "DiskUnusable",
    "DocumentDamaged",
    "DownloadFailed",
    "DrainBlocked",
    "EpochMismatch",
    "FlowFailed",
    "FlowServerDenied",
    "FormatUnknown",
    "GroupRefilled",
    "IdentityAtRisk",
    "InstanceGroupExists",
    "InstanceGroupNotFound",
    "InvalidInput",
    "KeysetMissing",
    "KledError",
    "KopsCrashed",
    "KopsError",
    "KopsMissing",
    "KopsUnsafe",
    "KubernetesConflict",
    "KubernetesMissing",
    "KubernetesRefused",
    "LeaseHeld",
    "LeaseLost",
    "NotApproved",
    "NotReadyInTime",
    "NotYetApplied",
    "ObjectMissing",
    "OtherRecipients",
    "OutputUnreadable",
    "PermanentCloudError",
    "PreconditionFailed",
    "ReleaseMissing",
    "ResourceNotFound",
    "RollHalted",
    "RoomTaken",
    "SettingsError",
    "SnapshotMissing",
    "SnapshotNotTrustworthy",
    "StateStoreMissing",
    "StillThere",
    "StoreDenied",
    "StoreError",
    "StoreUnavailable",
    "TextUnreadable",
    "Throttled",
    "VersionRefused",
    "WindowClosed",
    "WrongRegion",
]
