"""What S3 answers, in kled's words."""

import re
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
    WrongRegion,
)
from kled.storage import obstore_errors, obstore_loading
from kled.storage.obstore_errors import sentence

_BY_CODE: Final[dict[str, type[StoreError]]] = {
    "NoSuchBucket": BucketMissing,
    "NoSuchKey": ObjectMissing,
    "PreconditionFailed": PreconditionFailed,
    "NotImplemented": CapabilityMissing,
    "ObjectLockConfigurationNotFoundError": CapabilityMissing,
    # Two conditional writes met inside the service; it asks for another try, which will be refused
    # or let through. So it is not yet known who won.
    "ConditionalRequestConflict": StoreUnavailable,
    "NoSuchUpload": StoreUnavailable,  # somebody gave it up: a lifecycle rule, or a cleaner
    "OperationAborted": StoreUnavailable,
    "SlowDown": StoreUnavailable,
    "Throttling": StoreUnavailable,
    "ThrottlingException": StoreUnavailable,
    "TooManyRequests": StoreUnavailable,
    "RequestTimeout": StoreUnavailable,
    "InternalError": StoreUnavailable,
    "ServiceUnavailable": StoreUnavailable,
    # damaged on the way
    "BadDigest": StoreUnavailable,
    "XAmzContentChecksumMismatch": StoreUnavailable,
    "XAmzContentSHA256Mismatch": StoreUnavailable,
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
_NAME_THEM: Final = (
    "nothing was asked of the store: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY; kled doctor shows what each cloud needs"
)
_ELSEWHERE: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)
_REDIRECTS: Final = frozenset({301, 302, 307})
_BARE_REDIRECT: Final = "redirect without LOCATION"
_NO_OBJECT_LOCK: Final = re.compile(r"object ?lock ?configuration", re.IGNORECASE)


@contextmanager
def translated(where: str, *, conditional: bool = False) -> Iterator[None]:
    """Raise kled's error for whatever boto3 raises inside; `where` names the object.

    With `conditional`, a missing object is a condition that does not hold.
    """
    from botocore.exceptions import (  # noqa: PLC0415 - slow to import
        BotoCoreError,
        ClientError,
        NoCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        kind, message = _refusal(error.response)
        if conditional and kind is ObjectMissing:
            kind = PreconditionFailed
        raise kind(f"{where}: {message}") from error
    except BotoCoreError as error:
        hint = _NAME_THEM if isinstance(error, NoCredentialsError) else None
        raise _unsent(error)(f"{where}: {sentence(str(error))}", hint=hint) from error


@contextmanager
def translated_data(where: str, *, conditional: bool = False) -> Iterator[None]:
    """Do as `translated` does for obstore, and raise `WrongRegion` where boto3 would go on."""
    obstore_loading.load()
    from obstore.exceptions import BaseError  # noqa: PLC0415 - only where a store is used

    try:
        yield
    except (BaseError, FileNotFoundError, ValueError) as error:
        told = obstore_errors.told(error)
        kind = _kind(told.code, told.status, told.message) or obstore_errors.unsent(error)
        if told.code in _ELSEWHERE or _BARE_REDIRECT in told.text:
            kind = WrongRegion
        if conditional and kind is ObjectMissing:
            kind = PreconditionFailed
        # not `from error`: its text repeats the request, session token included
        raise kind(f"{where}: {told.text}") from None


def is_elsewhere(response: Any) -> bool:  # noqa: ANN401 - botocore has no type
    """Say whether an answer means that the bucket is in another region."""
    status = response["ResponseMetadata"].get("HTTPStatusCode", 0)
    return response.get("Error", {}).get("Code") in _ELSEWHERE or status in _REDIRECTS


def _refusal(response: Any) -> tuple[type[StoreError], str]:  # noqa: ANN401 - botocore has no type
    answer = response.get("Error", {})
    code, status = answer.get("Code", ""), response["ResponseMetadata"].get("HTTPStatusCode", 0)
    message = answer.get("Message") or ""
    shown = sentence(message or code or f"status {status}")
    return _kind(code, status, message) or StoreError, shown


def _kind(code: str, status: int, message: str) -> type[StoreError] | None:
    """Return the error that an answer stands for; None where there was no answer."""
    if code == "InvalidRequest" and _NO_OBJECT_LOCK.search(message):
        return CapabilityMissing
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None and status:
        kind = StoreUnavailable if status >= _SERVER_ERROR else StoreError
    return kind


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
