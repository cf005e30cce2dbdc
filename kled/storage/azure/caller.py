"""Who Azure takes this process for: a token of its management API is made, as kops makes it.

The three variables of a service principal are tried as they are. What else kops finds (workload and
managed identities, the login of the Azure CLI) the package azure-identity finds, where it is
installed beside kled.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from kled.storage.known_caller import CloudCaller

_VARIABLES: Final = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
_SCOPE: Final = "https://management.azure.com/.default"
_AUTHORITY: Final = "https://login.microsoftonline.com"
_NONE: Final = f"az login, or export {', '.join(_VARIABLES)}"
_EXPIRED: Final = "AADSTS7000222"
"""The secret of an application is past its date."""


def ask(env: Mapping[str, str]) -> CloudCaller:
    """Return the identity that a token is made for."""
    lacking = [name for name in _VARIABLES if not env.get(name)]
    if not lacking:
        return _by_secret(env)
    if len(lacking) < len(_VARIABLES) - 1 and not env.get("AZURE_FEDERATED_TOKEN_FILE"):
        return CloudCaller("wrong", f"not set: {', '.join(lacking)}", _NONE)
    return _by_library()


def _by_secret(env: Mapping[str, str]) -> CloudCaller:
    import httpx  # noqa: PLC0415 - not for other clouds

    authority = (env.get("AZURE_AUTHORITY_HOST") or _AUTHORITY).rstrip("/")
    authority = authority if "://" in authority else f"https://{authority}"
    form = {
        "grant_type": "client_credentials",
        "client_id": env["AZURE_CLIENT_ID"],
        "client_secret": env["AZURE_CLIENT_SECRET"],
        "scope": _SCOPE,
    }
    try:
        said: Any = httpx.post(
            f"{authority}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token", data=form, timeout=10
        ).json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"Azure does not answer: {type(error).__name__}"
        return CloudCaller("wrong", message, f"check the way to {authority}")
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return CloudCaller(
            "wrong", f"what answers at {authority} is no Azure", "AZURE_AUTHORITY_HOST"
        )
    token = said.get("access_token")
    if isinstance(token, str):
        return CloudCaller("ok", f"{_name(token)}, by its variables")
    return _refusal(str(said.get("error_description") or said.get("error") or "it says no why"))


def _refusal(message: str) -> CloudCaller:
    short = " ".join(message.split())[:200]
    renew = "az ad app credential reset --id=$AZURE_CLIENT_ID, and export the new secret"
    if _EXPIRED in message:
        return CloudCaller("wrong", f"the client secret has expired: {short}", renew)
    return CloudCaller("wrong", f"Azure refuses the credentials: {short}", renew)


def _by_library() -> CloudCaller:
    try:
        from azure.identity import (  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: PLC0415 - optional
            DefaultAzureCredential,
        )
    except ImportError:
        message = "no service principal is named, and azure-identity is not installed beside kled"
        hint = f"{_NONE}; az account show tells who the Azure CLI, and so kops, is"
        return CloudCaller("not tried", message, hint)
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - slow to import

    try:
        token = DefaultAzureCredential().get_token(_SCOPE).token
    except ClientAuthenticationError as error:
        message = " ".join(str(error.message).split())[:200]
        return CloudCaller("missing", f"there are no usable Azure credentials: {message}", _NONE)
    return CloudCaller("ok", _name(token))


def _name(token: str) -> str:
    """Return whom a token is for; what it says is believed, since only a person reads it."""
    parts = token.split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims: Any = json.loads(base64.urlsafe_b64decode(padded))
        who = claims.get("upn") or claims.get("appid") or claims.get("oid")
        tenant = claims.get("tid")
    except (IndexError, ValueError, AttributeError):
        return "somebody, by a token that does not tell"
    return f"{who} in tenant {tenant}"
