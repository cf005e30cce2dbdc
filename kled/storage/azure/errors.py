"""What Azure Blob Storage answers, in kled's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kled.errors import (
    BucketMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)
from kled.storage import obstore_errors, obstore_loading
from kled.storage.obstore_errors import sentence

_BY_CODE: Final[dict[str, type[StoreError]]] = {
    "BlobNotFound": ObjectMissing,
    "ContainerNotFound": BucketMissing,
    "ContainerBeingDeleted": BucketMissing,
    "BlobAlreadyExists": PreconditionFailed,
    "ContainerAlreadyExists": PreconditionFailed,
    "ConditionNotMet": PreconditionFailed,
    "TargetConditionNotMet": PreconditionFailed,
    # another writer's blocks were committed meanwhile, and these dropped: who won is seen next time
    "InvalidBlockList": StoreUnavailable,
    "InvalidBlobOrBlock": StoreUnavailable,
    "OperationTimedOut": StoreUnavailable,
    "ServerBusy": StoreUnavailable,
    "InternalError": StoreUnavailable,
    "Md5Mismatch": StoreUnavailable,  # damaged on the way
}
_BY_STATUS: Final[dict[int, type[StoreError]]] = {
    401: StoreDenied,
    403: StoreDenied,
    404: ObjectMissing,
    408: StoreUnavailable,
    412: PreconditionFailed,
    429: StoreUnavailable,
}
_FOREIGN: Final = "what answers is not Azure Blob Storage"
_SERVER_ERROR: Final = 500
_REFUSED: Final = 300
"""The lowest status of a refusal. One below it is an error where it is not the status that Azure
gives: something else answered."""


@contextmanager
def translated(where: str, *, conditional: bool = False) -> Iterator[None]:
    """Raise kled's error for whatever azure-storage-blob raises inside; `where` names the object.

    With `conditional`, a missing object is a condition that does not hold.
    """
    from azure.core import exceptions  # noqa: PLC0415 - slow to import

    try:
        yield
    except exceptions.ClientAuthenticationError as error:
        raise StoreDenied(f"{where}: {_words(error.message)}") from None
    except exceptions.DecodeError as error:  # the answer broke off, or cannot be read
        raise StoreUnavailable(f"{where}: {_words(error.message)}") from None
    except RecursionError:  # JSON without end
        raise StoreUnavailable(f"{where}: {_FOREIGN}") from None
    except exceptions.HttpResponseError as error:
        code = getattr(error, "error_code", None) or ""
        kind = _kind(str(getattr(code, "value", code)), error.status_code or 0) or StoreError
        if conditional and kind is ObjectMissing:
            kind = PreconditionFailed
        message = _words(error.message)
        if (error.status_code or _REFUSED) < _REFUSED:
            message = f"{_FOREIGN}: status {error.status_code} came"
        raise kind(f"{where}: {message}") from None
    except exceptions.AzureError as error:
        raise StoreUnavailable(f"{where}: no answer ({type(error).__name__})") from None


@contextmanager
def translated_data(where: str) -> Iterator[None]:
    """Do the same for obstore."""
    obstore_loading.load()
    from obstore.exceptions import BaseError  # noqa: PLC0415 - only where a store is used

    try:
        yield
    except (BaseError, FileNotFoundError, ValueError) as error:
        told = obstore_errors.told(error)
        kind = _kind(told.code, told.status) or obstore_errors.unsent(error)
        # not `from error`: its text repeats the request, a shared access signature included
        raise kind(f"{where}: {_words(told.text)}") from None


def _kind(code: str, status: int) -> type[StoreError] | None:
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None and status:
        unlike = status >= _SERVER_ERROR or status < _REFUSED
        kind = StoreUnavailable if unlike else StoreError
    return kind


def _words(message: str) -> str:
    """Return the first sentence; what follows names the request and the time."""
    return sentence(message.strip().partition("\n")[0])
