"""What S3 answers, in kled's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)

_BY_CODE: Final[dict[str, type[StoreError]]] = {
    "NoSuchBucket": BucketMissing,
    "NoSuchKey": ObjectMissing,
    "PreconditionFailed": PreconditionFailed,
    "NotImplemented": CapabilityMissing,
    # Two conditional writes met inside the service; it asks for another try, which will be refused
    # or let through. So it is not yet known who won.
    "ConditionalRequestConflict": StoreUnavailable,
    "OperationAborted": StoreUnavailable,
    "SlowDown": StoreUnavailable,
    "Throttling": StoreUnavailable,
    "ThrottlingException": StoreUnavailable,
    "TooManyRequests": StoreUnavailable,
    "RequestTimeout": StoreUnavailable,
    "InternalError": StoreUnavailable,
    "ServiceUnavailable": StoreUnavailable,
    "AccessDenied": StoreDenied,
    "AllAccessDisabled": StoreDenied,
    "ExpiredToken": StoreDenied,
    "InvalidAccessKeyId": StoreDenied,
    "InvalidToken": StoreDenied,
    "RequestTimeTooSkewed": StoreDenied,
    "SignatureDoesNotMatch": StoreDenied,
    "TokenRefreshRequired": StoreDenied,
}
_BY_STATUS: Final[dict[int, type[StoreError]]] = {
    401: StoreDenied,
    403: StoreDenied,
    404: ObjectMissing,
    412: PreconditionFailed,
    429: StoreUnavailable,
    501: CapabilityMissing,
}
_SERVER_ERROR: Final = 500


@contextmanager
def translated(where: str, *, conditional: bool = False) -> Iterator[None]:
    """Raise kled's error for whatever boto3 raises inside; `where` names the object.

    With `conditional`, a missing object is a condition that does not hold.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import

    try:
        yield
    except ClientError as error:
        kind, words = _refusal(error.response)
        if conditional and kind is ObjectMissing:
            kind = PreconditionFailed
        raise kind(f"{where}: {words}") from error
    except BotoCoreError as error:
        raise _unsent(error)(f"{where}: {_sentence(str(error))}") from error


def _refusal(response: Any) -> tuple[type[StoreError], str]:  # noqa: ANN401 - botocore has no type
    answer = response.get("Error", {})
    code, status = answer.get("Code", ""), response["ResponseMetadata"].get("HTTPStatusCode", 0)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None:
        kind = StoreUnavailable if status >= _SERVER_ERROR else StoreError
    return kind, _sentence(answer.get("Message") or code or f"status {status}")


def _unsent(error: Exception) -> type[StoreError]:
    """Classify what happened before an answer came."""
    from botocore import exceptions  # noqa: PLC0415 - slow to import

    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return StoreUnavailable
    denied = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.TokenRetrievalError,
    )
    return StoreDenied if isinstance(error, denied) else StoreError


def _sentence(words: str) -> str:
    return words[:1].lower() + words[1:].rstrip(".")
