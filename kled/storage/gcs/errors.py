"""What Google Cloud Storage answers, in kled's words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kled.errors import (
    BucketMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)
from kled.storage.obstore_errors import sentence

_BY_STATUS: Final[dict[int, type[StoreError]]] = {
    401: StoreDenied,
    403: StoreDenied,
    404: ObjectMissing,
    408: StoreUnavailable,
    412: PreconditionFailed,
    429: StoreUnavailable,
}
_FOREIGN: Final = "what answers is not Google Cloud Storage: no JSON of its kind came"
_SERVER_ERROR: Final = 500
_REFUSED: Final = 300
"""The lowest status of a refusal. One below it is an error where the answer is not as Google's
are: something else answered."""
_DAMAGED: Final = re.compile(r"(doesn't|does not) match (the )?calculated", re.IGNORECASE)
_LONGEST: Final = 300
_NO_BUCKET: Final = re.compile(r"bucket (does not|doesn't) exist|bucket not found", re.IGNORECASE)


@contextmanager
def translated(where: str, *, conditional: bool = False) -> Iterator[None]:
    """Raise kled's error for whatever the libraries raise inside; `where` names the object.

    With `conditional`, a missing object is a condition that does not hold.
    """
    import requests  # noqa: PLC0415 - slow to import
    import urllib3  # noqa: PLC0415
    from google.api_core.exceptions import GoogleAPICallError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415
    from google.cloud.storage.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
        DataCorruption,
        InvalidResponse,
    )

    try:
        yield
    except GoogleAPICallError as error:
        message = _words(error)
        kind = _kind(error.code or 0, message)
        if conditional and kind is ObjectMissing:
            kind = PreconditionFailed
        raise kind(f"{where}: {sentence(message)}") from None
    except InvalidResponse as error:
        kind = _kind(error.response.status_code, error.response.text)
        raise kind(f"{where}: status {error.response.status_code}") from None
    except (TransportError, DataCorruption) as error:
        raise StoreUnavailable(f"{where}: {sentence(str(error))}") from None
    except GoogleAuthError as error:
        raise StoreDenied(f"{where}: {sentence(str(error))}") from None
    except (requests.JSONDecodeError, RecursionError):  # the latter where JSON has no end
        raise StoreUnavailable(f"{where}: {_FOREIGN}") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        # not `from error`, nor its text: it may repeat the request with its token
        raise StoreUnavailable(f"{where}: no answer ({type(error).__name__})") from None


def _words(error: Any) -> str:  # noqa: ANN401 - its class is imported late
    """Return what Google said: for uploads the library puts the request around it."""
    try:
        told = error.response.json()["error"]["message"]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        told = error.message
    return str(told).partition("\n")[0][:_LONGEST]


def _kind(status: int, message: str) -> type[StoreError]:
    if status == 404 and _NO_BUCKET.search(message):  # noqa: PLR2004 - the one ambiguous status
        return BucketMissing
    if _DAMAGED.search(message):
        return StoreUnavailable
    elsewhere = 0 < status < _REFUSED
    kind = StoreUnavailable if status >= _SERVER_ERROR or elsewhere else StoreError
    return _BY_STATUS.get(status, kind)
