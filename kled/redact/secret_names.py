"""What keys, options and variables are called whose values are secret. Pure."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final

_NAMES: Final = (
    "token",
    "password",
    "passwd",
    "passphrase",
    r"(?<=[_-])pass",
    r"(?<!--)(?<!\d:)secret",  # `--secret=NAME` of kled and ARNs name one
    r"secret[_-]?(?:access[_-]?)?key",
    r"(?:api|account|storage|master)[_-]?key",
    r"(?:shared[_-]?)?access[_-]?key",
    r"shared[_-]?access[_-]?signature",
    r"private[_-]?(?:key|material)",
    r"client[_-]?key[_-]?data",
    r"(?:connection|auth)[_-]?string",
    r"docker(?:config(?:json)?|cfg)(?=[\"']?[ \t]*:)",  # of a Secret of Kubernetes
)
KEYS: Final = rf"(?:{'|'.join(_NAMES)})"
"""A regular expression of how a key of a secret ends, to be matched without regard to case.

What stands before it is no part of it: `db_password`, `X-Vault-Token` and `clientSecret` end so,
too. `tokenTTL`, `secretStore`, `private_key_id` and `httpTokens` do not.
"""
HINTS: Final = ("token", "pass", "secret", "key", "signature", "string", "private", "docker")
"""Lower-case texts, one of which every such key holds."""

OPTIONS: Final = (
    r"(?:token|password|passwd|passphrase|(?:client|app)-secret|secret(?:-access)?-key"
    r"|(?:api|account|access|private|master)-key)"
)
"""The same of options whose value is the next word."""

VARIABLE: Final = re.compile(
    r"(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_KEY|ACCESS_KEY|PRIVATE_KEY|AUTH_STRING"
    r"|AUTH_CONFIG|CONNECTION_STRING|ACCOUNT_KEY|STORAGE_KEY|SAS)"
    r"(?!.*(_FILE|_PATH|_URL|_URI|_ENDPOINT|_EXPIRATION|_TTL)$)",
    re.IGNORECASE,
)
_A_PATH: Final = frozenset({"GOOGLE_APPLICATION_CREDENTIALS"})
_KEY: Final = re.compile(rf"{KEYS}\Z", re.IGNORECASE)


def is_key(name: str) -> bool:
    """Say whether what stands under `name` in plain data is secret."""
    return bool(_KEY.search(name))


def is_variable(name: str) -> bool:
    """Say whether the value of the variable `name` is secret."""
    return bool(VARIABLE.search(name)) and name.upper() not in _A_PATH


def within_base64(names: Iterable[str]) -> tuple[str, ...]:
    """Return what base64 shows of `names`, wherever they stand in what it encodes."""
    return tuple(text for word in names for text in aligned(word.encode()))


def aligned(secret: bytes, *, url_safe: bool = False) -> Iterator[str]:
    """Yield what base64 shows of `secret` at each of the three places where it can begin."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    for before in range(3):
        text = encode(bytes(before) + secret).decode("ascii").rstrip("=")
        first = (before * 8 + 5) // 6
        whole = (before + len(secret)) * 8 // 6
        yield text[first:whole]
