"""The values of variables that are secret, and the forms in which they come back. Pure."""

import base64
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

from kled.redact.secret_names import aligned, is_variable
from kled.redact.secret_shapes import MASK

_SHORTEST: Final = 6
"""Shorter values ("true", "1") would blank out innocent words."""
_SHORTEST_LINE: Final = 16
"""The same of one line of a value of several."""
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""As `html.escape` writes them; that module brings the names of 2,000 characters, 1.5 ms."""


def secret_values(env: Mapping[str, str]) -> frozenset[str]:
    """Return the values in `env` whose variable names say that they are secret.

    Of a URL with a password, whatever its variable is called, it is the password; of Prefect's
    `user:password` both the whole and the password.
    """
    return frozenset(
        value
        for name, given in env.items()
        for value in _of(name, given)
        if len(value) >= _SHORTEST
    )


def _of(name: str, value: str) -> Iterator[str]:
    if is_variable(name):
        yield value
        if "AUTH_STRING" in name.upper():
            yield value.partition(":")[2]
    if "://" in value and "@" in value:
        password = _password(value)
        yield password
        yield unquote(password)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return every form of the secrets in which they may be met, the longest first.

    As they are; as JSON, Python, a shell, HTML and a URL write them; what base64 shows of them,
    wherever they stand in what it encodes; and each line of one that has several.
    """
    known = {form for secret in secrets if secret for form in _forms(secret)}
    return tuple(
        sorted(
            (known_value for known_value in known if known_value and known_value not in MASK),
            key=len,
            reverse=True,
        )
    )


def _forms(secret: str) -> Iterator[str]:
    yield from _spelled(secret)
    if (bare := secret.strip()) != secret and len(bare) >= _SHORTEST:
        yield from _spelled(bare)
    for line in secret.splitlines()[:1000] if "\n" in secret else ():
        if len(line.strip()) >= _SHORTEST_LINE and not line.startswith("-----"):
            yield line.strip()


def _spelled(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield shlex.quote(secret).strip("'")
    yield secret.translate(_HTML)
    raw = secret.encode("utf-8", "surrogateescape") if _encodes(secret) else b""
    for url in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield url
        yield url.lower() if "%" in url and url.lower() != secret.lower() else url
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode("ascii")
        yield from (whole, whole.rstrip("="))
    for url_safe in (False, True):
        yield from (text for text in aligned(raw, url_safe=url_safe) if len(text) > _SHORTEST)


def _encodes(secret: str) -> bool:
    try:
        secret.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
