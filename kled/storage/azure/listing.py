"""Whether Azure's answers to List Blobs are its answers.

azure-storage-blob takes what it finds of any document, and raises errors of Python's own for what
it does not find. So the answer is looked at before: it is a page of a listing, and says how the
listing goes on.
"""

from typing import Any, Final
from xml.etree import ElementTree as ET

from kled.storage.pages import Pages, came_instead, local_name

_OK: Final = 200
_LISTING: Final = "EnumerationResults"


def look(where: str, pages: Pages, response: Any) -> None:  # noqa: ANN401 - of the SDK's pipeline
    """Look at a page before the SDK does; one that the SDK calls a refusal is left to it.

    Raises `StoreUnavailable` where it is no listing, and `StoreError` where it does not say how the
    listing goes on, or goes on where it was already.
    """
    answer = response.http_response
    if answer.status_code != _OK:
        return
    body = answer.body()
    try:
        root = ET.fromstring(body.lstrip())  # noqa: S314 - expat limits expansion
    except ET.ParseError:
        root = ET.Element("")
    kind = str(answer.headers.get("Content-Type", ""))
    if local_name(root) != _LISTING or "xml" not in kind:
        raise came_instead(where, f"<{_LISTING}>", body, kind)
    if root.find("Blobs") is None:
        pages.refuse("a page of the listing has no place for blobs")
    marker = root.find("NextMarker")
    if marker is None:
        pages.refuse("a page does not say whether more follow")
    elif marker.text:
        pages.go_on(marker.text)
