"""Whether what was answered is a page of the listing that was asked for, whoever parses it.

What a listing lacks counts as deleted: a prune collects what nothing refers to, a run over all
clusters calls those gone that are not listed. So a listing that ends early, or that something else
than the store gave, has to be an error and never a short one (design D20).
"""

import itertools
import json
import re
from collections.abc import Sequence
from typing import Final, NoReturn
from xml.etree import ElementTree as ET

from kled.errors import CapabilityMissing, StoreError, StoreUnavailable

_ELSEWHERE: Final = (
    "something on the way answers in the store's place, a proxy or a portal that wants a login:"
    " look at HTTPS_PROXY, NO_PROXY and the endpoint; kled doctor tries the store"
)
_GATEWAY: Final = (
    "neither a copy nor a deletion may rely on such a listing: look at the service, or at the"
    " gateway or cache before it"
)
_DISORDER: Final = "name a bucket of a kind that lists in the order of the keys"
_TITLE: Final = re.compile(r"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_HTML: Final = re.compile(r"<(!doctype\s+)?html[\s>]", re.IGNORECASE)
_HEAD: Final = 4096  # bytes of an answer that tell what it is
_LONGEST: Final = 60


class Pages:
    """Holds the pages of one listing against what was asked for and against each other."""

    def __init__(
        self,
        where: str,
        prefix: str,
        start_after: str = "",
        *,
        repeats: bool = False,
        disorder: str = _DISORDER,
    ) -> None:
        """Names are whole, as the store has them; `repeats` where one comes once per version."""
        self._where = where
        self._prefix = prefix
        self._after = start_after
        self._last = start_after
        self._repeats = repeats
        self._disorder = disorder
        self._tokens: set[str] = set()

    def take(self, names: Sequence[str]) -> None:
        """Look at the names of the next page, in its order.

        Raises `CapabilityMissing` where they are not in the order of the keys, and `StoreError`
        where one of them was not asked for.
        """
        if not names:
            return
        if list(names) != sorted(names) or not (self._repeats or len(set(names)) == len(names)):
            self._refuse_order(*_disordered(names, repeats=self._repeats))
        for name in (names[0], names[-1]):  # in order, so all between them begin alike
            if not name.startswith(self._prefix):
                raise StoreError(
                    f"{self._where}: asked for keys that begin with {self._prefix!r}, and"
                    f" {_short(name)!r} is listed",
                    hint=_GATEWAY,
                )
        if names[0] < self._last or (names[0] == self._last and not self._repeats):
            self._refuse_order(self._last, names[0])
        self._last = names[-1]

    def go_on(self, token: str) -> str:
        """Return the token of the next page; raise `StoreError` where it was used already."""
        if token in self._tokens:
            raise StoreError(
                f"{self._where}: the listing turns in a circle: a page that was read already is"
                " named as the next one",
                hint=_GATEWAY,
            )
        self._tokens.add(token)
        return token

    def refuse(self, problem: str) -> NoReturn:
        """Raise `StoreError`: the page contradicts itself, in these words."""
        raise StoreError(f"{self._where}: {problem}", hint=_GATEWAY)

    def _refuse_order(self, before: str, name: str) -> NoReturn:
        if before == self._after:
            raise StoreError(
                f"{self._where}: asked for keys after {_short(before)!r}, and {_short(name)!r} is"
                " listed",
                hint=_GATEWAY,
            )
        raise CapabilityMissing(
            f"{self._where} lists {_short(name)!r} after {_short(before)!r}", hint=self._disorder
        )


def came_instead(where: str, wanted: str, body: bytes, content_type: str = "") -> StoreUnavailable:
    """Return the error for an answer that is not what was asked for; it says what came.

    Retryable: it is seldom the store that gives such answers, and they seldom last. `where` names
    the object and, where it is known, the endpoint.
    """
    return StoreUnavailable(
        f"{where}: asked for {wanted}, and {described(body, content_type)} came", hint=_ELSEWHERE
    )


def without_header(where: str, header: str) -> StoreUnavailable:
    """Return the error for an answer that lacks a header which every answer of the store has."""
    return StoreUnavailable(f"{where}: an answer without {header} came", hint=_ELSEWHERE)


def described(body: bytes, content_type: str = "") -> str:
    """Say what an answer is, for people; nothing that could steer a terminal is repeated."""
    if not body.strip():
        return "nothing"
    head = body[:_HEAD].decode(errors="replace")
    if _HTML.search(head):
        title = _TITLE.search(head)
        return f'a web page, "{_short(title[1].strip())}",' if title else "a web page"
    if "json" in content_type or head.lstrip()[:1] in {"{", "["}:
        return _json(body)
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat limits expansion
    except ET.ParseError:
        cut = "XML that breaks off, of" if head.lstrip().startswith("<") else "something else, of"
        return f"{cut} {len(body)} bytes"
    return f"an XML document <{_short(local_name(root))}>"


def local_name(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _json(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return f"JSON that breaks off, of {len(body)} bytes"
    kind = document.get("kind") if isinstance(document, dict) else None
    return f"a JSON document {_short(str(kind))!r}" if kind else "a JSON document without a kind"


def _disordered(names: Sequence[str], *, repeats: bool) -> tuple[str, str]:
    """Return the first two neighbours that are not in order."""
    for before, name in itertools.pairwise(names):
        if name < before or (name == before and not repeats):
            return before, name
    raise AssertionError("the names are in order")


def _short(text: str) -> str:
    plain = "".join(word if word.isprintable() else "?" for word in text)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
