"""A large file, streamed into a partial one that a later attempt or process goes on with.

Beside the partial file lies a note: the digest that the whole must have, and the address and
entity tag that its bytes came from. Bytes are only ever added to a file of the same digest, and the
digest of the whole decides in the end, so nothing here needs to be believed.
"""

import json
import os
import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from kled.errors import DeadlineExceeded, DownloadFailed, KledError
from kled.files.private import guarded, write
from kled.install.fetch import opened
from kled.install.published import Published
from kled.install.release import shown
from kled.retry import Clock

TellBytes = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes of the whole, where the server says them."""

LARGEST: Final = 1 << 30
"""Bytes of an executable; kops has a fifth of that."""
_WINDOW: Final = 30.0
_SLOWEST: Final = 1024  # bytes per second, over a window
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class DownloadPace:
    """Watches one attempt: too slow over half a minute, or past the deadline of all attempts."""

    def __init__(self, clock: Clock, ends: float) -> None:
        self._clock = clock
        self._ends = ends
        self._since = clock.monotonic()
        self._bytes = 0

    def received(self, count: int) -> None:
        """Take note of `count` more bytes; raise `DownloadFailed` or `DeadlineExceeded`."""
        now = self._clock.monotonic()
        self._bytes += count
        if now >= self._ends:
            raise DeadlineExceeded(
                "the download took too long", hint="run it again: it goes on where it stopped"
            )
        if now - self._since < _WINDOW:
            return
        if self._bytes < _SLOWEST * (now - self._since):
            raise DownloadFailed("the download has all but stopped")
        self._since, self._bytes = now, 0


def download(
    http: httpx.Client, wanted: Published, partial: Path, *, pace: DownloadPace, progress: TellBytes
) -> bool:
    """Bring `partial` to its full length; return whether earlier bytes were kept.

    Not verified here. May be killed and called again at any point: it asks for the missing rest
    (Range, with If-Range where the entity tag is a strong one) and starts anew where the server
    sends the whole, or where the partial file was meant to be something else. Raises
    `DownloadFailed` (retryable), `ReleaseMissing`, `DiskUnusable`.
    """
    offset, headers = _rest(wanted, partial)
    with opened(http, wanted.address, headers=headers, small=False) as answer:
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True  # nothing is missing, or the partial file is wrong: its digest tells
        start, total = _extent(answer, offset, partial)
        if start == 0:
            _begin(wanted, partial, answer.headers.get("etag", ""))
        done = _append(answer, partial, start, total, pace, progress)
    if total is not None and done != total:
        raise DownloadFailed(f"{shown(wanted.address)} broke off at {done} of {total} bytes")
    return start > 0


def discard(partial: Path) -> None:
    """Remove a partial file and its note; nothing where there is none. Raises `DiskUnusable`."""
    with guarded(partial):
        partial.unlink(missing_ok=True)
        note(partial).unlink(missing_ok=True)


def note(partial: Path) -> Path:
    """Return where the note about `partial` lies."""
    return partial.with_name(f"{partial.name}.json")


def _rest(wanted: Published, partial: Path) -> tuple[int, dict[str, str]]:
    """Return how many bytes are there already, and the headers that ask for the others."""
    said = _read_note(partial)
    with guarded(partial):
        size = partial.stat().st_size if partial.exists() else 0
    if said.get("sha256") != wanted.sha256:
        discard(partial)
        size = 0
    if size == 0:
        return 0, {}
    headers = {"Range": f"bytes={size}-"}
    tag = said.get("etag", "")
    if tag.startswith('"') and said.get("address") == shown(wanted.address):
        headers["If-Range"] = tag
    return size, headers


def _extent(answer: httpx.Response, offset: int, partial: Path) -> tuple[int, int | None]:
    """Return where the body of the answer starts, and how long the whole is."""
    if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
        length = answer.headers.get("content-length", "")
        return 0, int(length) if length.isdecimal() else None
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if match is None or int(match.group(1)) != offset:
        discard(partial)
        raise DownloadFailed(f"{shown(str(answer.url))} sent another part than was asked for")
    return offset, int(match.group(2)) if match.group(2) != "*" else None


def _begin(wanted: Published, partial: Path, tag: str) -> None:
    discard(partial)
    said = {"address": shown(wanted.address), "etag": tag, "sha256": wanted.sha256}
    write(note(partial), json.dumps(said))


def _append(
    answer: httpx.Response,
    partial: Path,
    start: int,
    total: int | None,
    pace: DownloadPace,
    progress: TellBytes,
) -> int:
    """Add the body to `partial`, on disk when this returns, and return its new length."""
    done = start
    with guarded(partial):
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        _require_size(answer, total or 0, partial)
        progress(done, total)
        for chunk in answer.iter_raw():
            with guarded(partial):
                _write(handle, chunk)
            done += len(chunk)
            _require_size(answer, done, partial)
            progress(done, total)
            pace.received(len(chunk))
        with guarded(partial):
            os.fsync(handle)
    finally:
        os.close(handle)
    return done


def _require_size(answer: httpx.Response, size: int, partial: Path) -> None:
    """Raise `KledError` for more bytes than any kops has, and keep none of them."""
    if size > LARGEST:
        discard(partial)
        raise KledError(
            f"{shown(str(answer.url))} is larger than {LARGEST >> 20} MiB, which no kops is",
            hint="a proxy or the mirror sends something else; nothing was installed",
        )


def _write(handle: int, data: bytes) -> None:
    """Write all of `data`: a disk that is nearly full takes a part of it first."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _read_note(partial: Path) -> dict[str, str]:
    """Return what the note says; nothing where there is none or it cannot be read as one."""
    with guarded(note(partial)):
        try:
            said = json.loads(note(partial).read_text())
        except (FileNotFoundError, ValueError):
            return {}
    return {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}
