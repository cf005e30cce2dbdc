"""An S3 that answers one request after the other, so that its conditional writes are atomic.

`moto_server` answers each request in a thread of its own and compares and writes without a lock: of
two writers at once both may win there, which no real S3 lets happen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3 import S3Client

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@contextmanager
def running() -> Iterator[str]:
    """Yield the endpoint of a server that ends with the block."""
    argv = [sys.executable, __file__]
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(argv, stdout=pipe, stderr=quiet, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def environment(endpoint: str) -> Mapping[str, str]:
    """What an S3 store, or a process that opens one, finds in its environment."""
    return {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": endpoint, **KEYS}


def client(endpoint: str) -> S3Client:
    """A client of the tests' own, to look at what the product left."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=False)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve()
