"""Who Google Cloud takes this process for: the application default credentials make a token."""

import warnings
from collections.abc import Mapping
from typing import Any, Final

from kled.storage.known_caller import CloudCaller

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_LOGIN: Final = "gcloud auth application-default login"
_NONE: Final = f"{_LOGIN}, or export GOOGLE_APPLICATION_CREDENTIALS=FILE"


def ask(env: Mapping[str, str]) -> CloudCaller:
    """Return the identity whose credentials make a token."""
    from google.auth import exceptions as raised  # noqa: PLC0415 - slow to import
    from google.auth.transport.requests import Request  # noqa: PLC0415

    file = env.get("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        credentials, project = _found(file)
    except raised.GoogleAuthError as error:
        return CloudCaller(
            "wrong" if file else "missing", f"no Google credentials: {_short(error)}", _NONE
        )
    except (OSError, ValueError) as error:
        return CloudCaller("wrong", f"{file} holds no Google credentials: {_short(error)}", _NONE)
    try:
        credentials.refresh(Request())
    except raised.TransportError as error:
        message = f"Google does not answer: {_short(error)}"
        return CloudCaller("wrong", message, "check the way to oauth2.googleapis.com")
    except raised.GoogleAuthError as error:
        message = f"Google refuses the credentials, or they have expired: {_short(error)}"
        return CloudCaller("wrong", message, _NONE if file else _LOGIN)
    by = file or "gcloud or the machine"
    return CloudCaller("ok", f"{_name(credentials)}, project {project or 'not named'}, by {by}")


def _found(file: str | None) -> Any:  # noqa: ANN401 - (credentials, project) of any of its kinds
    import google.auth  # noqa: PLC0415 - slow to import

    with warnings.catch_warnings():  # it warns of files that strangers supply
        warnings.simplefilter("ignore", DeprecationWarning)
        if file:
            return google.auth.load_credentials_from_file(file, scopes=_SCOPES)  # type: ignore[no-untyped-call]
        return google.auth.default(scopes=_SCOPES)


def _name(credentials: Any) -> str:  # noqa: ANN401 - one of the library's kinds
    for attribute in ("service_account_email", "account"):
        name = getattr(credentials, attribute, None)
        if name:
            return str(name)
    return "somebody's login"


def _short(error: Exception) -> str:
    """Return the first words: what Google answers follows, and may quote what was sent."""
    message = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
    return " ".join(message.split())[:200]
