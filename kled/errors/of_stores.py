"""What object stores refuse, and snapshots in them that are missing or cannot be trusted."""

from kled.errors.base import KledError


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
