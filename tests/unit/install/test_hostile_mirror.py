"""Mirrors that lead elsewhere, send without an end, or send a byte now and then (fault 88)."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from kled.errors import DownloadFailed, KledError
from kled.install import download
from kled.install.fetch import HOPS, opened, small_text
from kled.install.published import Published, latest, published
from kled.install.release import Platform
from kled.retry import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIGEST = "0" * 64
PLATFORM = Platform("linux", "amd64")


def leading(chain: dict[str, str], asked: list[str]) -> httpx.Client:
    """A world of hosts that redirect along `chain`, and answer with a digest at its end."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.scheme}://{request.url.host}")
        target = chain.get(asked[-1])
        if target is None:
            return httpx.Response(200, text=DIGEST)
        return httpx.Response(302, headers={"Location": target + request.url.path})

    return httpx.Client(transport=httpx.MockTransport(answer))


DOWN_AND_UP = {"https://a.example": "http://b.example", "http://b.example": "https://c.example"}


def test_no_redirect_leads_by_way_of_http_to_https_again() -> None:  # fault 88
    asked: list[str] = []
    with leading(DOWN_AND_UP, asked) as http:
        for call in (
            lambda: published(http, "https://a.example", "1.36.2", PLATFORM),
            lambda: latest(http, "https://a.example"),
        ):
            asked.clear()
            with pytest.raises(KledError, match=r"redirects to http://b\.example") as raised:
                call()
            assert asked == ["https://a.example"]
            assert not raised.value.retryable


def test_an_executable_is_not_brought_by_way_of_http(tmp_path: Path) -> None:  # fault 88
    asked: list[str] = []
    clock = Clock(time.monotonic, time.sleep)
    with (
        leading(DOWN_AND_UP, asked) as http,
        pytest.raises(KledError, match="which anybody on the way could change"),
    ):
        download.download(
            http,
            Published("https://a.example/kops", DIGEST),
            tmp_path / "partial",
            pace=download.DownloadPace(clock, clock.monotonic() + 60),
            progress=lambda _done, _total: None,
        )

    assert asked == ["https://a.example"]


def test_redirects_between_hosts_of_https_are_followed_and_end() -> None:
    hosts = [f"https://h{number}.example" for number in range(HOPS + 2)]
    asked: list[str] = []
    with leading(dict(itertools.pairwise(hosts[:-1])), asked) as http:
        assert published(http, hosts[0], "1.36.2", PLATFORM).sha256 == DIGEST
    asked.clear()
    with (
        leading(dict(itertools.pairwise(hosts)), asked) as http,
        pytest.raises(KledError, match="redirects more than 5 times"),
    ):
        published(http, hosts[0], "1.36.2", PLATFORM)
    assert len(asked) == HOPS + 1


@pytest.mark.parametrize("said", [True, False], ids=["announced", "found out"])
def test_more_bytes_than_a_kops_has_are_not_kept(said: bool, tmp_path: Path) -> None:  # fault 88
    partial = tmp_path / "partial"
    download._begin(Published("https://a.example/kops", DIGEST), partial, '"tag"')
    with partial.open("wb") as file:
        file.truncate(1 if said else download.LARGEST)  # sparse

    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
        total = str(download.LARGEST + 2) if said else "*"
        span = {"Content-Range": f"bytes {start}-{download.LARGEST + 1}/{total}"}
        return httpx.Response(206, headers=span, content=iter([b"more"]))

    clock = Clock(time.monotonic, time.sleep)
    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
        pytest.raises(KledError, match="larger than 1024 MiB, which no kops is"),
    ):
        download.download(
            http,
            Published("https://a.example/kops", DIGEST),
            partial,
            pace=download.DownloadPace(clock, clock.monotonic() + 60),
            progress=lambda _done, _total: None,
        )

    assert list(tmp_path.iterdir()) == []


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """A server that answers with `first`, and then with a byte each twentieth of a second."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(first)
                try:
                    while not ended.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/kops.sha256"
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"],
    ids=["status", "header", "body"],
)
def test_an_answer_that_comes_byte_by_byte_ends(first: bytes, http: httpx.Client) -> None:
    """The socket's own time-out never strikes: each byte begins it anew (fault 88)."""
    began = time.monotonic()

    with (
        dripping(first or b"H") as address,
        pytest.raises(DownloadFailed, match=r"did not answer whole within 0.4 seconds"),
        opened(http, address, seconds=0.4) as answer,
    ):
        small_text(answer)

    assert time.monotonic() - began < 10


def test_a_quick_answer_is_not_disturbed(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve)
        thread.start()
        with opened(http, f"http://127.0.0.1:{server.getsockname()[1]}/", seconds=30) as answer:
            assert small_text(answer) == "ok"
        thread.join()
