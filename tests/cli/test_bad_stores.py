"""Buckets that refuse, are not there, or do not answer: found by asking, so exit 1."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.boxes import Box, make_box

NAME = "--name=c.example.com"
READ, CREATE = ("get-clusters",), ("create-cluster", NAME, "--zones=us-east-1a")
KINDS = pytest.mark.parametrize("args", [READ, CREATE], ids=["reads", "changes"])


@contextmanager
def refusing(status: int, code: str, message: str) -> Iterator[tuple[str, list[str]]]:
    """Serve an S3 that answers every request with one error; yield it and what was asked."""
    asked: list[str] = []
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    class Refusal(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append(self.command)
            self.send_response(status)
            self.send_header("content-type", "application/xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    box: Box = make_box(tmp_path / "box")

    def call(endpoint: str, *args: str) -> subprocess.CompletedProcess[str]:
        store = {
            "KOPS_STATE_STORE": "s3://bucket",
            "S3_ENDPOINT": endpoint,
            "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY_ID": "wrong",
            "S3_SECRET_ACCESS_KEY": "very-wrong-secret",
        }
        return box.kled("kops", *args, env=store)

    return call


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def one_line_and_a_hint(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1
    assert "very-wrong-secret" not in done.stderr
    line, hint = done.stderr.splitlines()
    assert line.startswith("kled: ")
    assert hint.startswith("hint: ")
    return line


@KINDS
def test_credentials_that_are_refused_are_named(run: Run, args: tuple[str, ...]) -> None:
    with refusing(403, "InvalidAccessKeyId", "The key does not exist in our records.") as (url, _):
        line = one_line_and_a_hint(run(url, *args))

    assert "key does not exist in our records" in line


@KINDS
def test_a_denied_request_is_named_and_changes_nothing(run: Run, args: tuple[str, ...]) -> None:
    with refusing(403, "AccessDenied", "Access Denied") as (url, asked):
        line = one_line_and_a_hint(run(url, *args))

    assert "denie" in line.lower()
    assert len(asked) < 4


@KINDS
def test_a_bucket_that_is_not_there_is_named(run: Run, args: tuple[str, ...]) -> None:
    with refusing(404, "NoSuchBucket", "The specified bucket does not exist") as (url, _):
        line = one_line_and_a_hint(run(url, *args))

    assert "bucket" in line


@KINDS
def test_an_endpoint_that_does_not_answer_is_told_with_where_to_look(
    run: Run, args: tuple[str, ...]
) -> None:
    line = one_line_and_a_hint(run("http://127.0.0.1:1", *args))

    assert "s3://bucket" in line or "http://127.0.0.1:1" in line
