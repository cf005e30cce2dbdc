"""What obstore raises, taken apart; the adapters give it kled's names."""

import html
import re
from dataclasses import dataclass
from typing import Final

from kled.errors import ObjectMissing, StoreDenied, StoreError, StoreUnavailable
from kled.storage import obstore_loading

_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,1000})")
_NOT_SENT: Final = re.compile(
    r"HTTP error|error sending request|error decoding response|error reading a body|timed? ?out"
    r"|connection (closed|reset)|end of file",
    re.IGNORECASE,
)
_NO_HEADER: Final = re.compile(r"([A-Za-z-]+) Header missing from response")
"""A proxy or a portal answered: the store's own answers all have it."""
_DEBUG: Final = "\n\nDebug source:"
_TIMED_OUT: Final = "kind: Timeout"
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Told:
    """What an error says."""

    status: int
    """Of HTTP; 0 where there was no answer."""
    code: str
    """The service's own, or empty."""
    message: str
    """The service's own, or empty."""
    text: str
    """For people; without the request, which holds a signature and maybe a token."""


def told(error: Exception) -> Told:
    """Read the text of an error of obstore: it has no fields."""
    text, _, source = str(error).partition(_DEBUG)
    status, code, message = _STATUS.search(text), _CODE.search(text), _MESSAGE.search(text)
    said = html.unescape(message[1]) if message else ""
    own = said or (code[1] if code else "") or (f"status {status[1]}" if status else "")
    if not own and (lacks := _NO_HEADER.search(text)):
        own = f"an answer without {lacks[1]} came"
    if not own and _TIMED_OUT in source:
        own = "no answer came in time"
    return Told(
        int(status[1]) if status else 0,
        code[1] if code else "",
        said,
        sentence((own or _last(text))[:_LONGEST]),
    )


def unsent(error: Exception) -> type[StoreError]:
    """Classify what no answer came to."""
    obstore_loading.load()
    from obstore import exceptions  # noqa: PLC0415 - only where a store is used

    if isinstance(error, FileNotFoundError):
        return ObjectMissing
    if isinstance(error, exceptions.UnauthenticatedError | exceptions.PermissionDeniedError):
        return StoreDenied
    lost = _NOT_SENT.search(str(error)) or _NO_HEADER.search(str(error))
    return StoreUnavailable if lost else StoreError


def sentence(message: str) -> str:
    """Return `message` as the messages of errors are written."""
    first = message[:1] if message[1:2].isupper() else message[:1].lower()  # HTTP stays as it is
    return first + message[1:].rstrip(".")


def _last(text: str) -> str:
    """Return the cause that stands last on the first line, where obstore puts it."""
    return text.partition("\n")[0].rpartition(" - ")[2]
