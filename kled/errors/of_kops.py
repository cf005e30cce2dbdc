"""What kops ends with, and what keeps it from being run."""

from kled.errors.base import KledError, SettingsError


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


class DownloadFailed(KledError):
    """A download broke off, stalled or was answered with 429 or 5xx."""

    retryable = True


class ReleaseMissing(KledError):
    """The release, or its build for this platform, is not published."""


class ChecksumMismatch(KledError):
    """A downloaded file is not the one that was published."""
