"""Asks by https whether everybody can read a document, as a cloud would."""

from typing import Final

from kled.errors import ReleaseMissing
from kled.install import fetch

_SECONDS: Final = 5.0
_LARGEST: Final = 64 * 1024


def read_public(address: str) -> str:
    """Say why a document at an https address cannot be read by everybody; empty: it can.

    One GET of at most five seconds and 64 KiB, by the process's proxy; nothing is sent that says
    who asks. Raises `KledError` where no answer came.
    """
    try:
        with (
            fetch.client() as http,
            fetch.opened(http, address, follow=False, seconds=_SECONDS) as answer,
        ):
            if not answer.is_success:
                return f"it answers {answer.status_code}"
            for _ in answer.iter_bytes(_LARGEST):
                return ""
            return "it is empty"
    except ReleaseMissing:
        return "it is not there, or closed"
