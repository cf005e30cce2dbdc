"""Clouds that take one token: asked for what needs no more than that it is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kled.storage.known_caller import CloudCaller

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class _Cloud:
    variable: str
    address: str
    """What is asked for (GET)."""
    renew: str
    """Where a token is made."""


_CLOUDS: Final[Mapping[str, _Cloud]] = {
    "digitalocean": _Cloud(
        "DIGITALOCEAN_ACCESS_TOKEN",
        "https://api.digitalocean.com/v2/account",
        "https://cloud.digitalocean.com/account/api/tokens",
    ),
    "hetzner": _Cloud(
        "HCLOUD_TOKEN",
        "https://api.hetzner.cloud/v1/locations",
        "https://console.hetzner.cloud, Security, API tokens",
    ),
}


def ask(cloud: str, env: Mapping[str, str], address: str | None = None) -> CloudCaller:
    """Return whether a cloud accepts the token; `address` is asked in place of the cloud's."""
    import httpx  # noqa: PLC0415 - not for other clouds

    known = _CLOUDS[cloud]
    token = env.get(known.variable)
    if not token:
        return CloudCaller("missing", f"not set: {known.variable}", f"export {known.variable}=...")
    try:
        answer = httpx.get(
            address or known.address, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # a token that is no header is quoted by what refuses it
        message = f"{cloud} does not answer: {type(error).__name__}"
        return CloudCaller("wrong", message, f"check the way to {known.address}")
    renew = f"make another token ({known.renew}), and export {known.variable}"
    if answer.status_code == _UNAUTHORIZED:
        return CloudCaller(
            "wrong", f"{cloud} refuses the token: unknown, revoked or expired", renew
        )
    if answer.status_code == _FORBIDDEN:
        return CloudCaller("ok", "the token is accepted; it may not say whose it is")
    if not answer.is_success:
        message = f"{cloud} answers {answer.status_code}"
        return CloudCaller("wrong", message, f"try again; if it stays so, {renew}")
    return CloudCaller("ok", f"the token is accepted{_whose(answer)}")


def _whose(answer: Any) -> str:  # noqa: ANN401 - httpx's answer
    try:
        email = answer.json()["account"]["email"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {email}"
