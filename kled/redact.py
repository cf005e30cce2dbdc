"""Secrets out of output, logs and exceptions.

Two nets: the values of variables that hold secrets by their names, and the shapes of secrets
(PEM private keys, AWS access keys, bearer tokens, passwords in URLs, `key: value` pairs whose key
says secret). The readers of child output are the first place that applies it; `RedactingFilter`
the last, for log records and the tracebacks in them.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Final

MASK: Final = "[redacted]"
_SHORTEST: Final = 6  # shorter values ("true", "1") would blank out innocent words

_SECRET_NAME: Final = re.compile(
    r"(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_KEY|ACCESS_KEY|PRIVATE_KEY|AUTH_STRING"
    r"|CONNECTION_STRING|ACCOUNT_KEY|STORAGE_KEY)(?!.*(_FILE|_PATH|_URL|_URI|_ENDPOINT)$)",
    re.IGNORECASE,
)
_PEM_BEGIN: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PEM_END: Final = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_SHAPES: Final = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL
        ),
        MASK,
    ),
    (re.compile(r"\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]{40,}"), MASK),  # base64 of "-----BEGIN "
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(r"\bAGE-SECRET-KEY-1[0-9A-Z]+"), MASK),
    (re.compile(r"(?i)\b(bearer|basic) [A-Za-z0-9._~+/=-]{12,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(://[^/\s:@]+:)[^/\s@]+@"), rf"\1{MASK}@"),
    (
        re.compile(
            r"(?i)([\"']?\b[a-z0-9_.-]*(?:secret[_-]?(?:access[_-]?)?key|session[_-]?token|password|passwd|private[_-]?material"
            r"|client[_-]?key[_-]?data|api[_-]?token|access[_-]?token)[\"']?\s*[:=]\s*)([\"']?)[^\s\"',}]{4,}"
        ),
        rf"\1\2{MASK}",
    ),
    (
        re.compile(r"(?i)([?&](?:x-amz-signature|x-amz-security-token|sig|signature)=)[^&\s\"']+"),
        rf"\1{MASK}",
    ),
)


def secret_values(env: Mapping[str, str]) -> frozenset[str]:
    """Return the values in `env` whose variable names say that they are secret."""
    return frozenset(
        value
        for name, value in env.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST
    )


class Redactor:
    """Replaces secrets in text; remembers, line by line, that it is inside a PEM block.

    One instance per stream: `line` keeps state between calls, `text` does not.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))
        self._inside_pem = False

    def text(self, text: str) -> str:
        """Return `text` with every known secret and every shape of one replaced."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def line(self, line: str) -> str:
        """Return one line of a stream redacted; lines of a PEM private key become the mask."""
        if self._inside_pem:
            self._inside_pem = not _PEM_END.search(line)
            return MASK
        self._inside_pem = bool(_PEM_BEGIN.search(line)) and not _PEM_END.search(line)
        return self.text(line)


class RedactingFilter(logging.Filter):
    """Redacts records where they leave: message, arguments, and the traceback's text too.

    Put it on handlers, not on loggers: filters of a parent logger do not see a child's records.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record` in place and let it pass."""
        record.msg = self._redactor.text(record.getMessage())
        record.args = None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        return True
