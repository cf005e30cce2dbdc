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

from typing import ClassVar, Self


class KledError(Exception):
    """Base of every error kled raises on purpose.

    `retryable` says whether the same call may succeed later with nothing changed by a human;
    retry policies look at it and at nothing else. `exit_code` is what the command line ends with
    (design D14). The message is lower case without a full stop; advice goes into `hint`.
    """

    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def message(self) -> str:
        """The words of the error, without the hint."""
        return str(self.args[0])

    def with_message(self, message: str) -> Self:
        """Return the error with another message; its class, hint and traceback stay."""
        self.args = (message, *self.args[1:])
        return self

    def with_hint(self, hint: str | None) -> Self:
        """Return the error with another hint; its class, message and traceback stay."""
        self.hint = hint
        return self

    def advise(self, advice: str) -> None:
        """Add `advice` to the hint, once: whoever knows more about the way out says it, too."""
        if advice not in (self.hint or ""):
            self.hint = f"{self.hint}; {advice}" if self.hint else advice


class SettingsError(KledError):
    """A setting, variable or option is wrong; nothing was called yet."""

    exit_code = 2


class InvalidInput(SettingsError):
    """A value that somebody typed or wrote cannot be used; `field` names where it stands."""

    def __init__(self, field: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{field}: {message}", hint=hint)
        self.field = field


class OtherRecipients(InvalidInput):
    """A snapshot is encrypted, and not to the identity that is named."""


class TextUnreadable(KledError):
    """A YAML text cannot be read; `line`, from 1, says where, and `problem` what is wrong."""

    def __init__(self, problem: str, *, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem, hint=hint)
        self.problem, self.line = problem, line


class DefinitionUndecided(SettingsError):
    """Fields of a rewritten definition still name the place that the cluster comes from."""


class KopsMissing(SettingsError):
    """There is no kops executable where kled looks."""


class KopsUnsafe(KopsMissing):
    """Others could put another kops in the place of the installed one: it is not run."""


class KopsError(KledError):
    """A kops call failed; `stderr` holds its last lines, redacted, and `command` its verb."""

    def __init__(
        self, message: str, *, hint: str | None = None, command: str = "", stderr: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.command = command
        self.stderr = stderr


class ClusterNotFound(KopsError):
    """The state store has no cluster of that name."""


class InstanceGroupNotFound(KopsError):
    """The cluster has no instance group of that name."""


class ResourceNotFound(KopsError):
    """A secret, keypair, SSH key or file that the call names is not there."""


class ClusterExists(KopsError):
    """The state store has a cluster of that name already."""


class ClusterDiffers(ClusterExists):
    """The stored cluster has another definition than the one asked for."""


class InstanceGroupExists(KopsError):
    """The cluster has an instance group of that name already."""


class DefinitionRejected(KopsError):
    """Kops refuses the definition, or the value of a flag."""


class VersionRefused(KopsError):
    """The kubernetes or kops version is too old or too new for the other."""


class CredentialsRefused(KopsError):
    """The cloud or the state store does not accept the credentials, or there are none."""


class StateStoreMissing(KopsError):
    """The bucket or directory that should hold the state store is not there."""


class PermanentCloudError(KopsError):
    """The cloud refuses the call and will go on refusing until somebody changes something."""


class NotYetApplied(KopsError):
    """The cluster is stored, but `update cluster --yes` has never run: it has no keys yet."""


class KeysetMissing(KopsError):
    """The cluster was applied, and the state store has lost a keyset that it lives by."""

    exit_code = 6


class DiskUnusable(KopsError):
    """A disk that kops or kled writes to is full or read-only."""


class OutputUnreadable(KopsError):
    """Kops succeeded but its output is not what this version of kled can read."""


class KopsCrashed(KopsError):
    """Kops panicked (exit status 2)."""


class ClusterNotReady(KopsError):
    """Validation failed; nodes may still be joining."""

    retryable = True
    exit_code = 3


class ApiUnreachable(ClusterNotReady):
    """The cluster's Kubernetes API does not answer."""


class Throttled(KopsError):
    """The cloud asks to slow down."""

    retryable = True


class CloudUnavailable(KopsError):
    """The cloud or the state store did not answer, or answered 5xx."""

    retryable = True


class KubernetesRefused(KledError):
    """The Kubernetes API refused a request; it will again until somebody changes something."""


class KubernetesMissing(KubernetesRefused):
    """The Kubernetes API has no object of that name."""


class KubernetesConflict(KubernetesRefused):
    """The object is not what the caller last saw, or another manager owns the field."""


class RollHalted(KledError):
    """A rolling update stopped halfway; what it had cordoned is uncordoned."""


class GroupRefilled(KledError):
    """An instance group launches machines in place of those that went, though it is held back."""


class DrainBlocked(KledError):
    """Pods of a node could not be moved in time; the message names them and what holds them."""


class DeadlineExceeded(KledError):
    """A child process, or all attempts of a step together, took longer than allowed."""


class NotReadyInTime(DeadlineExceeded):
    """A cluster was not healthy within the time that somebody waits for it."""

    exit_code = 3


class StoreError(KledError):
    """An object store refused a request for a reason that no narrower class names."""


class StoreUnavailable(StoreError):
    """The object store did not answer, throttled, or answered 5xx."""

    retryable = True


class StoreDenied(StoreError):
    """The object store does not accept the credentials, or they lack a permission."""


class ObjectMissing(StoreError):
    """There is no object of that key."""


class BucketMissing(StoreError):
    """There is no bucket, container or directory of that name."""


class WrongRegion(StoreError):
    """The bucket is in another region than the one that was asked."""


class PreconditionFailed(StoreError):
    """A conditional write lost: the object is not what the caller last saw."""


class DocumentDamaged(StoreError):
    """A document that a store keeps is not what its reader understands; `reason` says why.

    The message names the document by `what`, best by its URL or key.
    """

    def __init__(self, what: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{what} is damaged: {reason}", hint=hint)
        self.what, self.reason = what, reason

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.reason), {"hint": self.hint}


class CapabilityMissing(StoreError):
    """The object store lacks something that the operation needs."""


class LeaseHeld(KledError):
    """Another writer holds the cluster's lease."""

    exit_code = 5


class LeaseLost(KledError):
    """This writer's lease could not be kept; its kops was stopped."""

    exit_code = 5


class NotApproved(KledError):
    """Policy denies the operation, or nobody confirmed it."""

    exit_code = 6


class WindowClosed(NotApproved):
    """The cluster's maintenance windows are closed."""


class IdentityAtRisk(NotApproved):
    """A keyset or secret that the cluster lives by is gone, or would be replaced by a new one."""


class SnapshotNotTrustworthy(KledError):
    """A snapshot is incomplete, damaged or forged."""

    exit_code = 4


class FormatUnknown(SnapshotNotTrustworthy):
    """A document of a snapshot store is in a format that only a newer kled reads."""


class BeingCollected(KledError):
    """A prune is about to delete an object of the snapshot store that is needed again."""

    retryable = True

    def __init__(self, key: str) -> None:
        super().__init__(
            f"a prune is collecting {key}, which is needed again",
            hint="run it again when the prune is over; one that was killed counts for a day",
        )


class SnapshotMissing(KledError):
    """There is no snapshot of that cluster or id, or no snapshot store."""


class EpochMismatch(KledError):
    """Recovery moved the cluster to another state store; this one must not change it any more."""

    exit_code = 6


class DownloadFailed(KledError):
    """A download broke off, stalled or was answered with 429 or 5xx."""

    retryable = True


class ReleaseMissing(KledError):
    """The release, or its build for this platform, is not published."""


class ChecksumMismatch(KledError):
    """A downloaded file is not the one that was published."""


class RoomTaken(KledError):
    """A foreign `flows`, `tasks` or `deployments` shadows kled's own."""

    exit_code = 2


class StillThere(KledError):
    """Something of a cluster that was deleted is left; clouds forget some resources late."""

    retryable = True


class FlowServerDenied(KledError):
    """The Prefect server does not accept the credentials, or there are none."""


class FlowFailed(KledError):
    """A flow run ended in another state than completed."""
